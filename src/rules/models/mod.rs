//! Models: their names, their fields, and what every one of them has.

mod missing_str;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&missing_str::RULE];
