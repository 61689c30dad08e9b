//! Models: their names, their fields, and what every one of them has.

mod abbreviated_field_name;
mod composite_index_style;
mod index_undocumented;
mod meta_ordering;
mod missing_str;
mod null_on_string_field;
mod public_model_sequential_pk;
mod save_override_with_logic;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &missing_str::RULE,
    &abbreviated_field_name::RULE,
    &null_on_string_field::RULE,
    &save_override_with_logic::RULE,
    &meta_ordering::RULE,
    &public_model_sequential_pk::RULE,
    &index_undocumented::RULE,
    &composite_index_style::RULE,
];
