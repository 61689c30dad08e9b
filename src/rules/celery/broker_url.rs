//! A broker's address as it stands in a file.

use std::ops::Range;

use crate::model::change::Hunk;
use crate::model::finding::{Place, Span};
use crate::source::{Text, anchor::touches};

use super::holes::Syntax;
use super::python::unquoted::Unquoted;
use super::url::UrlReading;

/// One value that is a broker's address, or stands where Celery expects one.
#[derive(Clone, Debug)]
pub(super) struct BrokerUrl {
    pub(super) path: String,
    pub(super) span: Span,
    /// Where the values stand that Python builds it of.
    pub(super) parts: Vec<Span>,
    /// What it stands under, outermost first: `services`, `worker`, `environment`, `CELERY_BROKER_URL`.
    pub(super) keys: Vec<String>,
    /// The name people know it by: `CELERY_BROKER_URL`; empty when it has none.
    pub(super) key: String,
    pub(super) value: String,
    pub(super) reading: UrlReading,
    /// Who fills the value in, and what is doubled in it.
    pub(super) syntax: Syntax,
    pub(super) purpose: Purpose,
    pub(super) origin: Origin,
    /// Where the value begins, when it stands in the file exactly as it is.
    pub(super) verbatim: Option<usize>,
    /// The file sets a transport of its own.
    pub(super) custom_transport: bool,
    /// The file takes texts apart at commas, or something like it.
    pub(super) splits_lists: bool,
    /// What the readers of an env file make of blanks, quotes and comments around the value.
    pub(super) kept: Kept,
    /// A password that Python fills in and does not percent-encode in full.
    pub(super) unquoted: Option<Unquoted>,
    /// The text of the file.
    pub(super) text: Text,
}

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

/// Does what stands around a value reach Celery?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Surely,
    /// Nobody knows who reads this file.
    Perhaps,
    /// All readers of this file take it off.
    No,
}

impl BrokerUrl {
    pub(super) fn place(&self) -> Place {
        Place::Head { path: self.path.clone(), span: self.span }
    }

    /// Its keys in one: `services.worker.environment.CELERY_BROKER_URL`.
    pub(super) fn subject(&self) -> String {
        if self.keys.is_empty() { "url".to_owned() } else { self.keys.join(".") }
    }

    /// The value that it is built of which these hunks change, when they leave the URL itself alone.
    pub(super) fn changed_part(&self, hunks: &[Hunk]) -> Option<Span> {
        let changed = |span: &&Span| touches(hunks, **span);
        self.parts.iter().find(changed).filter(|_| !touches(hunks, self.span)).copied()
    }

    /// The span of some of the value's bytes, when it stands in the file as it is.
    pub(super) fn part(&self, bytes: Range<usize>) -> Option<Span> {
        let start = self.verbatim?;
        Some(self.text.span(start + bytes.start..start + bytes.end))
    }

    pub(super) fn whole(&self) -> Option<Span> {
        self.part(0..self.value.len())
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
}
