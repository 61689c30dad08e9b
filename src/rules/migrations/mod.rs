//! Migrations: what is deployed stays as it is, and every step can be taken back.

mod files;
mod forward;
mod reverse;
mod rollback;
mod runpython_without_reverse;
mod runsql_without_reverse;
mod sql;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&runpython_without_reverse::RULE, &runsql_without_reverse::RULE];
