//! URLs: routes, their names, and what they give away.

mod missing_trailing_slash;
mod public;
mod public_id_not_shortuuid_12;
mod reverse_with_sequential_id;
mod reversing;
mod sequential_id_in_url;
mod unnamed_or_unnamespaced_url;
mod urls_without_app_name;
mod verb_in_resource_url;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &sequential_id_in_url::RULE,
    &public_id_not_shortuuid_12::RULE,
    &urls_without_app_name::RULE,
    &missing_trailing_slash::RULE,
    &unnamed_or_unnamespaced_url::RULE,
    &verb_in_resource_url::RULE,
    &reverse_with_sequential_id::RULE,
];
