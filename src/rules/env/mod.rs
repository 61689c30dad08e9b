//! Env files: what must not be committed, and what their readers make of a line.

mod committed_env_file;
mod dollar_in_env_value;
mod env_not_ignored;
mod env_parse_hazard;
mod exposure;
mod hazard;
mod lines;
mod published;
mod secret_in_env_example;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &committed_env_file::RULE,
    &env_not_ignored::RULE,
    &secret_in_env_example::RULE,
    &env_parse_hazard::RULE,
    &dollar_in_env_value::RULE,
];
