//! Migrations: what is deployed stays as it is, and every step can be taken back.

mod data;
mod files;
mod forward;
mod non_nullable_field_without_default;
mod reverse;
mod rollback;
mod runpython_without_reverse;
mod runsql_without_reverse;
mod sql;
mod tightening_null_without_default;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &runpython_without_reverse::RULE,
    &runsql_without_reverse::RULE,
    &non_nullable_field_without_default::RULE,
    &tightening_null_without_default::RULE,
];
