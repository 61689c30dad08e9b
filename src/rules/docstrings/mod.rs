//! Docstrings: what has one, and how it is written.

mod missing_docstring;
mod non_sphinx_docstring;
mod size;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&missing_docstring::RULE, &non_sphinx_docstring::RULE];
