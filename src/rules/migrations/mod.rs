//! Migrations: what is deployed stays as it is, and every step can be taken back.

mod reverse;
mod runpython_without_reverse;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&runpython_without_reverse::RULE];
