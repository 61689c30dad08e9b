//! Migrations: what is deployed stays as it is, and every step can be taken back.

mod changes;
mod edit;
mod edited_deployed_migration;
mod removed_or_renamed_deployed_migration;
mod reverse;
mod runpython_without_reverse;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &edited_deployed_migration::RULE,
    &removed_or_renamed_deployed_migration::RULE,
    &runpython_without_reverse::RULE,
];
