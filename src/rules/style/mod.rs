//! Style: what is written down so that the next person understands it.

mod undocumented_suppression;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&undocumented_suppression::RULE];
