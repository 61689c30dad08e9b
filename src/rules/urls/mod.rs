//! URLs: routes, their names, and what they give away.

mod missing_trailing_slash;
mod urls_without_app_name;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&urls_without_app_name::RULE, &missing_trailing_slash::RULE];
