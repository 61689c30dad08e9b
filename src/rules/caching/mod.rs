//! The cache: keys that say whose they are, entries that end.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
