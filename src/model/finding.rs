//! A finding: what a rule says about one place.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::change::Path;

/// How much a finding weighs. Only an error turns the status red.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Advice,
    Warning,
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// How sure the text alone makes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    Heuristic,
    Likely,
    Certain,
}

/// 1-based line and column; columns count Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// From `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub start: Position,
    pub end: Position,
}

impl Span {
    /// The lines it touches, half-open. A span that ends at column 1 does not touch that line.
    pub fn lines(&self) -> Range<u32> {
        let last = if self.end.column == 1 && self.end.line > self.start.line {
            self.end.line
        } else {
            self.end.line + 1
        };
        self.start.line..last
    }

    /// The whole of one line whose text is `length` characters long.
    pub fn line(line: u32, length: u32) -> Self {
        Self { start: Position { line, column: 1 }, end: Position { line, column: length + 1 } }
    }
}

/// Where a finding stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Head {
        path: Path,
        span: Span,
    },
    /// A removed line, or a line of a removed file, at the merge base.
    Base {
        path: Path,
        span: Span,
    },
    /// A file as a whole.
    Path(Path),
    Repository,
}

impl Place {
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Head { path, .. } | Self::Base { path, .. } | Self::Path(path) => Some(path),
            Self::Repository => None,
        }
    }

    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Head { span, .. } | Self::Base { span, .. } => Some(*span),
            Self::Path(_) | Self::Repository => None,
        }
    }
}

/// The normalised text of the offending node: what makes two findings of one subject the same or not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeText {
    /// Python as its AST is unparsed, all else without whitespace. Part of the fingerprint.
    Open(String),
    /// A text that may hold a secret: compared in memory, never shown, stored or hashed.
    Secret(String),
}

impl fmt::Debug for NodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(text) => f.debug_tuple("Open").field(text).finish(),
            Self::Secret(_) => f.write_str("Secret(…)"),
        }
    }
}

/// How far a fix may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixSafety {
    /// Keeps the meaning; `--fix` may apply it.
    Safe,
    /// Right under a condition that the fix's text names; may be a suggestion with its question.
    Ask,
    /// Words only.
    Text,
}

/// A replacement in the finding's own file, in head coordinates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    pub safety: FixSafety,
    /// One sentence: what to type, or under which condition the edits are right.
    pub text: String,
    /// Empty when `safety` is `Text`.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix in words.
    pub fn text(text: impl Into<String>) -> Self {
        Self { safety: FixSafety::Text, text: text.into(), edits: Vec::new() }
    }
}

/// What a rule reports. Sentences are plain text with code in backticks; names from the pull request are put
/// in with [`crate::model::finding::code`], so that the renderers can escape them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `MIG004`
    pub code: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub place: Place,
    /// What makes it wrong, where that is more than its place, as the class of a name: a change there may have brought it.
    pub cause: Option<Span>,
    /// Stable under line moves: `blog.models.Post.title`.
    pub subject: String,
    pub node: NodeText,
    /// Names their code and the fault; one sentence, stands alone, no full stop.
    pub headline: String,
    /// What will happen, in their terms; one sentence with its full stop.
    pub consequence: String,
    pub fix: Option<Fix>,
}

/// `text` as a code span of our sentences: no backtick, no control character, no line end can leave it.
pub fn code(text: &str) -> String {
    const LONGEST: usize = 120;
    let clean: String = text
        .chars()
        .map(|c| match c {
            '`' => '\'',
            c if c.is_control() => ' ',
            c if is_invisible(c) => '\u{FFFD}',
            c => c,
        })
        .take(LONGEST)
        .collect();
    let cut = if text.chars().count() > LONGEST { "…" } else { "" };
    format!("`{clean}{cut}`")
}

/// Characters that change how a line reads without being seen: bidirectional controls, zero width, tags.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// The first 16 hex digits of SHA-256 over (code, path, subject, text, ordinal among equals).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl Fingerprint {
    /// `ordinal` counts equals in file order. Never a line number, and never the text of what may hold a secret.
    pub fn of(finding: &Finding, ordinal: usize) -> Self {
        let text = match &finding.node {
            NodeText::Open(text) => text.as_str(),
            NodeText::Secret(_) => "",
        };
        let mut hash = Sha256::new();
        for part in
            [finding.code, finding.place.path().unwrap_or(""), &finding.subject, text, &ordinal.to_string()]
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex::encode(&hash.finalize()[..8]))
    }
}
