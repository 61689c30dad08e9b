//! Tests: where they stand and what they are made of.

mod changed_module_without_tests;
mod layout;
mod pytest;
mod pytest_used;
mod test_file_layout;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] =
    &[&pytest_used::RULE, &test_file_layout::RULE, &changed_module_without_tests::RULE];
