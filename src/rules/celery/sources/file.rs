//! A file that is searched for broker URLs, and the values in it on their way to becoming one.

use std::cell::Cell;
use std::ops::Range;

use crate::project::broker::starts_like_broker;
use crate::rules::celery::broker_url::{BrokerUrl, Kept, Origin};
use crate::rules::celery::holes::{Syntax, Unit, units};
use crate::rules::celery::keys::{self, LONGEST_VALUE, MOST_VALUES};
use crate::rules::celery::url::{Role, read_units};
use crate::source::Text;

use super::format::purpose;

pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a Text,
    knows_celery: bool,
    custom_transport: bool,
    splits_lists: bool,
    values: Cell<usize>,
}

/// A value that may be a broker's address.
pub(super) struct Candidate {
    /// Outermost first.
    pub(super) keys: Vec<String>,
    pub(super) role: Role,
    pub(super) syntax: Syntax,
    pub(super) value: String,
    /// Where it stands.
    pub(super) bytes: Range<usize>,
    pub(super) origin: Origin,
}

impl<'a> File<'a> {
    pub(super) fn new(path: &'a str, text: &'a Text) -> Self {
        let source = text.as_str();
        let custom_transport = sets(source, "BROKER_TRANSPORT") || sets(source, "broker_transport");
        let splits_lists = [".split(", ".list(", "Csv("].iter().any(|call| source.contains(call));
        let knows_celery = keys::knows_celery(source);
        Self { path, text, knows_celery, custom_transport, splits_lists, values: Cell::new(0) }
    }

    pub(super) fn role(&self, key: &str) -> Role {
        keys::role(key, self.knows_celery)
    }

    /// The URL with the holes of its syntax; `None` when the value concerns nobody here.
    pub(super) fn url(&self, found: Candidate) -> Option<BrokerUrl> {
        let (value, start) = unwrap_default(&found.value, found.syntax);
        let like_broker = starts_like_broker(value.trim_start_matches([' ', '"', '\'']));
        let concerns = like_broker || found.role != Role::Unknown;
        if value.trim().is_empty() || !concerns || value.len() > LONGEST_VALUE || !self.has_room() {
            return None;
        }
        let units = units(value, found.syntax);
        let start = found.bytes.start + start;
        let written = self.text.as_str().get(start..start + value.len());
        let verbatim = (written == Some(value)).then_some(start);
        let bytes = verbatim.map_or(found.bytes.clone(), |start| start..start + value.len());
        Some(self.finish(Candidate { value: value.to_owned(), bytes, ..found }, &units, verbatim))
    }

    /// The URL with holes that are known already. `verbatim`: where its value begins, when the file says it as it is.
    pub(super) fn finish(&self, found: Candidate, units: &[Unit], verbatim: Option<usize>) -> BrokerUrl {
        let Candidate { keys, role, syntax, value, bytes, origin } = found;
        BrokerUrl {
            path: self.path.to_owned(),
            span: self.text.span(bytes),
            parts: Vec::new(),
            key: self.shown_key(&keys),
            keys,
            value,
            reading: read_units(units, syntax, role),
            syntax,
            purpose: purpose(self.path),
            origin,
            verbatim,
            custom_transport: self.custom_transport,
            splits_lists: self.splits_lists,
            kept: Kept::Surely,
            unquoted: None,
            text: self.text.clone(),
        }
    }

    fn has_room(&self) -> bool {
        self.values.replace(self.values.get() + 1) < MOST_VALUES
    }

    /// Of several keys the one that people search for: the outermost that Celery knows, else the innermost name.
    fn shown_key(&self, keys: &[String]) -> String {
        let known = keys.iter().find(|key| self.role(key) != Role::Unknown);
        known.or(keys.last()).cloned().unwrap_or_default()
    }
}

/// `BROKER_TRANSPORT = …`, not `broker_transport_options`.
fn sets(text: &str, setting: &str) -> bool {
    text.match_indices(setting).any(|(at, _)| {
        text.get(at + setting.len()..)
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ', ']']).starts_with(['=', ':']))
    })
}

/// `${CELERY_BROKER_URL:-amqp://…}`, a shell's `:=`: the default is the address. With where it starts.
fn unwrap_default(value: &str, syntax: Syntax) -> (&str, usize) {
    const DEEPEST: usize = 4;
    let mut inner = value;
    if !matches!(syntax, Syntax::Compose | Syntax::ComposeShell | Syntax::Shell | Syntax::Workflow) {
        return (value, 0);
    }
    for _ in 0..DEEPEST {
        let Some(content) = inner.strip_prefix("${").and_then(|v| v.strip_suffix('}')) else { break };
        let name = content.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(content.len());
        let rest = content.get(name..).unwrap_or("");
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let Some(default) = rest.strip_prefix(['-', '=']) else { break };
        inner = default;
    }
    (inner, offset_in(value, inner))
}

/// Where a part of a text begins in it.
pub(super) fn offset_in(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}
