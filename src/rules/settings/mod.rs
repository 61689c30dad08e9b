//! Settings: one file that reads the environment.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
