//! Style: what makes code plain to the next person, and what is written down for them.

mod bare_except;
mod undocumented_suppression;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&bare_except::RULE, &undocumented_suppression::RULE];
