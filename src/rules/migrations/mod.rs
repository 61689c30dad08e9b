//! Migrations: what is deployed stays as it is, and every step can be taken back.

mod broken_migration_graph;
mod changes;
mod edit;
mod edited_deployed_migration;
mod migration_inserted_before_deployed;
mod multiple_leaf_nodes;
mod removed_or_renamed_deployed_migration;
mod reverse;
mod runpython_without_reverse;
mod unsafe_squash;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &edited_deployed_migration::RULE,
    &removed_or_renamed_deployed_migration::RULE,
    &migration_inserted_before_deployed::RULE,
    &runpython_without_reverse::RULE,
    &multiple_leaf_nodes::RULE,
    &broken_migration_graph::RULE,
    &unsafe_squash::RULE,
];
