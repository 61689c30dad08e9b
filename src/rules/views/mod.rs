//! Views: functions that check what comes in and say little when they fail.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
