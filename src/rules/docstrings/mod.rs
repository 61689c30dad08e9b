//! Docstrings: what has one, and how it is written.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
