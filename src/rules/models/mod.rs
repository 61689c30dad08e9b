//! Models: their names, their fields, and what every one of them has.

mod abbreviated_field_name;
mod boolean_prefix;
mod choices;
mod composite_index_style;
mod date_suffix;
mod fk_id_suffix;
mod index_undocumented;
mod meta_ordering;
mod missing_on_delete;
mod missing_related_name;
mod missing_str;
mod missing_timestamps;
mod model_name;
mod null_on_string_field;
mod public_model_sequential_pk;
mod related_name_format;
mod related_name_plus;
mod save_override_with_logic;
mod status_without_textchoices;
mod text_choices;
mod timestamp_definition;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &model_name::RULE,
    &missing_timestamps::RULE,
    &timestamp_definition::RULE,
    &missing_str::RULE,
    &status_without_textchoices::RULE,
    &missing_related_name::RULE,
    &related_name_format::RULE,
    &related_name_plus::RULE,
    &fk_id_suffix::RULE,
    &boolean_prefix::RULE,
    &date_suffix::RULE,
    &abbreviated_field_name::RULE,
    &null_on_string_field::RULE,
    &missing_on_delete::RULE,
    &save_override_with_logic::RULE,
    &meta_ordering::RULE,
    &public_model_sequential_pk::RULE,
    &index_undocumented::RULE,
    &composite_index_style::RULE,
];
