//! Queries: how many there are, and how they are written.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
