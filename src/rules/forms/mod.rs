//! Forms: which fields they let in.

mod modelform_all_fields;
mod modelform_exclude;
mod modelform_fields_not_explicit;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] =
    &[&modelform_all_fields::RULE, &modelform_exclude::RULE, &modelform_fields_not_explicit::RULE];
