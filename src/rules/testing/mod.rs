//! Tests: where they stand and what they are made of.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
