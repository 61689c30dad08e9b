//! How much a body does, however it is laid out.

use ruff_python_ast::Stmt;
use ruff_text_size::{Ranged, TextSize};

use crate::rules::python::PythonFile;

/// Where the statements of a file begin, ascending.
pub(super) struct Statements(Vec<TextSize>);

impl Statements {
    pub(super) fn of(file: &PythonFile<'_>) -> Self {
        let mut starts: Vec<TextSize> =
            file.index().statements().map(|(_, statement)| statement.start()).collect();
        starts.sort_unstable();
        Self(starts)
    }

    /// All in a body, those in blocks, functions and classes in it too.
    pub(super) fn in_body(&self, body: &[Stmt]) -> usize {
        let before = |offset: TextSize| self.0.partition_point(|start| *start < offset);
        let (first, last) = (body.first().map(Ranged::start), body.last().map(Ranged::end));
        first.zip(last).map_or(0, |(first, last)| before(last).saturating_sub(before(first)))
    }
}
