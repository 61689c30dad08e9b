//! Style: what makes code plain to the next person, and what is written down for them.

mod bare_except;
mod failures;
mod file_getting_long;
mod file_too_long;
mod import_order;
mod length;
mod missing_parameter_type_hint;
mod mutable_default;
mod print_or_silent_failure;
mod star_import;
mod undocumented_suppression;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &import_order::RULE,
    &missing_parameter_type_hint::RULE,
    &file_too_long::RULE,
    &file_getting_long::RULE,
    &star_import::RULE,
    &mutable_default::RULE,
    &bare_except::RULE,
    &undocumented_suppression::RULE,
    &print_or_silent_failure::RULE,
];
