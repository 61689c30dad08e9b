//! Where broker URLs stand in a changed file, whatever its format.

mod code;
mod config;
mod docs;
mod env;
mod format;
mod lines;

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use crate::model::change::{Hunk, Path};
use crate::model::finding::{Place, Span};
use crate::project::broker::starts_like_broker;
use crate::project::{Fact, Project};
use crate::rules::Context;
use crate::source::{NotLoaded, Text};

use super::holes::{Syntax, Unit, units};
use super::keys::{self, LONGEST_VALUE, MOST_VALUES};
use super::url::{Reading, Role, read, read_units};

use format::Format;
pub(super) use format::{is_python, purpose};

/// What a file is for: it decides how much a finding in it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Code,
    /// Tests may assert what happens to a broken URL.
    Test,
    /// Text for people.
    Docs,
}

/// Who takes the value out of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Python,
    Env,
    Other,
}

/// One value that is a broker's address, or stands where Celery expects one.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) span: Span,
    /// The name people know it by: `CELERY_BROKER_URL`; empty when it has none.
    pub(super) key: String,
    /// `services.worker.environment.CELERY_BROKER_URL`
    pub(super) subject: String,
    pub(super) value: String,
    pub(super) reading: Reading,
    pub(super) purpose: Purpose,
    pub(super) origin: Origin,
    /// Where the value begins, when it stands in the file exactly as it is.
    verbatim: Option<usize>,
    /// The file sets a transport of its own.
    pub(super) custom_transport: bool,
    /// What the readers of an env file make of blanks, quotes and comments around the value.
    pub(super) kept: Kept,
    /// The text of the file.
    pub(super) text: Text,
}

/// Does what stands around a value reach Celery?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Surely,
    /// Nobody knows who reads this file.
    Perhaps,
    /// All readers of this file take it off.
    No,
}

impl Source {
    pub(super) fn place(&self) -> Place {
        Place::Head { path: self.path.clone(), span: self.span }
    }

    /// The span of some of the value's bytes, when it stands in the file as it is.
    pub(super) fn part(&self, bytes: Range<usize>) -> Option<Span> {
        let start = self.verbatim?;
        Some(self.text.span(start + bytes.start..start + bytes.end))
    }

    /// Does a comment on the line, or on the line above, say that its variables are encoded?
    pub(super) fn says_encoded(&self) -> bool {
        let said = |comment: &str| {
            let comment = comment.to_ascii_lowercase();
            ["encod", "url-quoted", "urlquoted", "percent-quoted"].iter().any(|word| comment.contains(word))
        };
        let line = self.span.start.line;
        let own = self.text.line(line).split_once(" #").is_some_and(|(_, comment)| said(comment));
        let above = self.text.line(line.saturating_sub(1)).trim_start();
        own || (line > 1 && above.starts_with('#') && said(above))
    }

    pub(super) fn whole(&self) -> Option<Span> {
        self.part(0..self.value.len())
    }
}

/// The URLs that are meant to be used: tests hand over odd ones on purpose.
pub(super) fn in_use(context: &Context<'_>) -> Result<Vec<Arc<Source>>, NotLoaded> {
    in_change(context, &[Purpose::Code])
}

/// A value on its way to becoming a [`Source`].
struct Found {
    /// Outermost first.
    keys: Vec<String>,
    role: Role,
    syntax: Syntax,
    value: String,
    /// Where it stands.
    bytes: Range<usize>,
    origin: Origin,
}

/// Every broker URL in the changed files of these purposes that exist on the side that is judged.
pub(super) fn in_change(context: &Context<'_>, purposes: &[Purpose]) -> Result<Vec<Arc<Source>>, NotLoaded> {
    let files: Vec<&str> = context.files().map(|file| file.path).collect();
    let files = files.into_iter().filter(|path| purposes.contains(&purpose(path)));
    let read = |path: &str| {
        context.here.fact::<InFile>(&Searched { path: path.to_owned(), hunks: hunks(context, path).to_vec() })
    };
    let found = NotLoaded::all(files.map(read))?;
    Ok(found.iter().flat_map(|found| found.0.iter().cloned()).collect())
}

/// A file, and what the change did to it: where a value is put together on several lines, a changed one is its place.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Searched {
    path: Path,
    hunks: Vec<Hunk>,
}

/// Every broker URL of one file.
struct InFile(Vec<Arc<Source>>);

impl Fact for InFile {
    type Key = Searched;

    fn find(project: &Project, file: &Searched) -> Result<Self, NotLoaded> {
        Ok(Self(in_file(project, &file.path, &file.hunks)?.into_iter().map(Arc::new).collect()))
    }
}

fn in_file(project: &Project, path: &str, hunks: &[Hunk]) -> Result<Vec<Source>, NotLoaded> {
    let by_name = Format::by_name(path);
    if by_name.is_none() && !format::is_bare(path) {
        return Ok(Vec::new());
    }
    let Some(text) = project.text(path)?.filter(|text| keys::may_hold_broker(text.as_str())) else {
        return Ok(Vec::new());
    };
    let Some(format) = by_name.or_else(|| Format::by_first_line(text.as_str())) else {
        return Ok(Vec::new());
    };
    let file = File {
        path,
        text: &text,
        knows_celery: keys::knows_celery(text.as_str()),
        custom_transport: ["BROKER_TRANSPORT", "broker_transport"]
            .iter()
            .any(|name| sets(text.as_str(), name)),
        values: Cell::new(0),
    };
    match format {
        Format::Python => match project.module(path)? {
            Some(module) => Ok(code::sources(&file, &module, hunks)),
            None => Ok(Vec::new()),
        },
        Format::Env => env::sources(&file, project),
        Format::Yaml => match project.yaml(path)? {
            Some(yaml) => Ok(config::sources(&file, &yaml)),
            None => Ok(Vec::new()),
        },
        Format::Docs => Ok(docs::sources(&file)),
        Format::Lines(syntax) => Ok(lines::sources(&file, syntax)),
    }
}

/// What the change did to a file; nothing on the base side, where it does not matter.
pub(super) fn hunks<'c>(context: &Context<'c>, path: &str) -> &'c [Hunk] {
    context.change.file_at_head(path).and_then(|file| file.hunks.as_deref()).unwrap_or(&[])
}

/// A file that is searched.
struct File<'a> {
    path: &'a str,
    text: &'a Text,
    knows_celery: bool,
    custom_transport: bool,
    values: Cell<usize>,
}

impl File<'_> {
    fn has_room(&self) -> bool {
        self.values.replace(self.values.get() + 1) < MOST_VALUES
    }

    fn role(&self, key: &str) -> Role {
        keys::role(key, self.knows_celery)
    }

    /// The finished source; its holes are those of its syntax. `None` when the value concerns nobody here.
    fn source(&self, found: Found) -> Option<Source> {
        let (value, start) = unwrap_default(&found.value, found.syntax);
        let like_broker = starts_like_broker(value.trim_start_matches([' ', '"', '\'']));
        let concerns = like_broker || found.role != Role::Unknown;
        if value.trim().is_empty() || !concerns || value.len() > LONGEST_VALUE || !self.has_room() {
            return None;
        }
        let units = units(value, found.syntax);
        let bytes = found.bytes.start + start..found.bytes.end;
        let written = self.text.as_str().get(bytes.start..bytes.start + value.len());
        let verbatim = (written == Some(value)).then_some(bytes.start);
        let span = self.text.span(verbatim.map_or(found.bytes.clone(), |start| start..start + value.len()));
        Some(self.finish(Found { value: value.to_owned(), ..found }, &units, span, verbatim))
    }

    fn finish(&self, found: Found, units: &[Unit], span: Span, verbatim: Option<usize>) -> Source {
        let Found { keys, role, value, origin, .. } = found;
        let subject = if keys.is_empty() { "url".to_owned() } else { keys.join(".") };
        Source {
            path: self.path.to_owned(),
            span,
            key: self.shown_key(&keys),
            subject,
            value,
            reading: read_units(units, role),
            purpose: purpose(self.path),
            origin,
            verbatim,
            custom_transport: self.custom_transport,
            kept: Kept::Surely,
            text: self.text.clone(),
        }
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
    if !matches!(syntax, Syntax::Compose | Syntax::Shell | Syntax::Workflow) {
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
fn offset_in(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// Blanks, quotes or a comment around a value as its reader gets it.
fn has_artefact(value: &str) -> bool {
    read(value, Syntax::Literal, Role::Unknown).fault("CEL005").is_some()
}
