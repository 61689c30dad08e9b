//! Migrations: what is deployed stays as it is, and every step can be taken back.

mod auto_named_migration;
mod broken_migration_graph;
mod canonical;
mod changes;
mod data;
mod data_functions;
mod data_migration_imports_live_model;
mod edit;
mod edited_deployed_migration;
pub(super) mod files;
mod forward;
mod gone;
mod graphs;
mod historical_model;
mod irreversible_or_lossy_reverse;
mod listing;
mod live_model;
mod migration_inserted_before_deployed;
mod model_change_without_migration;
mod multiple_leaf_nodes;
mod non_nullable_field_without_default;
mod query_sets;
mod registry;
mod removed_or_renamed_deployed_migration;
mod reverse;
mod rollback;
mod runpython_without_reverse;
mod runsql_without_reverse;
mod several_logical_changes;
mod sql;
mod tightening_null_without_default;
mod unloadable;
mod unresolved;
mod unsafe_squash;
mod vendor_specific_migration;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &edited_deployed_migration::RULE,
    &removed_or_renamed_deployed_migration::RULE,
    &migration_inserted_before_deployed::RULE,
    &runpython_without_reverse::RULE,
    &runsql_without_reverse::RULE,
    &non_nullable_field_without_default::RULE,
    &multiple_leaf_nodes::RULE,
    &broken_migration_graph::RULE,
    &unsafe_squash::RULE,
    &auto_named_migration::RULE,
    &several_logical_changes::RULE,
    &model_change_without_migration::RULE,
    &data_migration_imports_live_model::RULE,
    &irreversible_or_lossy_reverse::RULE,
    &vendor_specific_migration::RULE,
    &tightening_null_without_default::RULE,
];
