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

use crate::project::env::env_files;
use crate::source::tree::file_name;

use super::{Reading, Rule};

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &committed_env_file::RULE,
    &env_not_ignored::RULE,
    &secret_in_env_example::RULE,
    &env_parse_hazard::RULE,
    &dollar_in_env_value::RULE,
];

/// Of env files by their names, and of what says which files Git leaves out.
fn reading(path: &str) -> Reading {
    Reading::WithOthers.when(env_files::role(path).is_some() || file_name(path) == ".gitignore")
}
