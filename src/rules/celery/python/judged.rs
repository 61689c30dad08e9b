//! What is known of how a value is encoded.

use ruff_python_ast::ExprCall;

/// Assignments followed before a value is taken as it stands.
pub(super) const MAX_HOPS: usize = 3;

/// How a value is encoded, from the harmless to the harmful. A slash is worse than a blank: generated passwords hold it,
/// and kombu ends the host there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quoting {
    /// Encoded, or made of harmless characters, or nobody can tell.
    Safe,
    /// Encoded twice: kombu decodes once.
    Twice,
    /// `quote_plus(x)`: a blank becomes `+`, which nobody turns back.
    Plus,
    /// `quote(x)`: `/` stays.
    KeepsSlash,
    /// A parameter: its callers may have encoded it.
    Parameter,
    Bare,
}

/// What is known of one expression.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) quoting: Quoting,
    /// The call of `quote` that decides it, when it stands in this file.
    pub(crate) call: Option<&'a ExprCall>,
}

impl From<Quoting> for Judged<'_> {
    fn from(quoting: Quoting) -> Self {
        Self { quoting, call: None }
    }
}
