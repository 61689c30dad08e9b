//! Views: functions that check what comes in and say little when they fail.

mod class_based_view;
mod decorators;
mod exception_text_in_response;
mod missing_login_required;
mod unhandled_get;
mod unvalidated_request_data;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &class_based_view::RULE,
    &unvalidated_request_data::RULE,
    &missing_login_required::RULE,
    &exception_text_in_response::RULE,
    &unhandled_get::RULE,
];
