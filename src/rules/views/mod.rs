//! Views: functions that check what comes in and say little when they fail.

mod decorators;
mod exception_text_in_response;
mod unhandled_get;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&exception_text_in_response::RULE, &unhandled_get::RULE];
