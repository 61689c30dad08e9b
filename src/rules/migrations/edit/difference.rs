//! One difference between two versions of a migration: what it is, where it stands, how far it reaches.

use ruff_text_size::TextRange;

use crate::project::django::apps::MigrationName;

/// How far an edit reaches, from the harmless to the harmful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Impact {
    /// Reaches no database: what the migration prints or logs, blanks and comments of its SQL.
    Harmless,
    /// Keeps an old migration importable: another spelling of the same thing.
    Compatible,
    /// Changes Django's picture of the models and no table.
    StateOnly,
    /// Changes the way back alone.
    Backward,
    /// Gives new databases something that old ones never get.
    Real,
}

/// Where the edit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Head(TextRange),
    Base(TextRange),
}

/// One changed thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub impact: Impact,
    /// Completes "this edit …".
    pub what: String,
    pub at: At,
    /// Of an edit in `dependencies`: what was added or removed.
    pub dependency: Option<(Direction, MigrationName)>,
    /// It stands beside the class and not in it.
    pub is_helper: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Added,
    Removed,
}

impl Difference {
    pub(super) fn new(impact: Impact, at: At, what: impl Into<String>) -> Self {
        Self { impact, what: what.into(), at, dependency: None, is_helper: false }
    }
}
