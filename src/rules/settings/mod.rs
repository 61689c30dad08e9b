//! Settings: one file that reads the environment.

mod database_engine;
mod database_env_names;
mod databases;
mod multiple_settings_files;
mod settings_without_env_library;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &multiple_settings_files::RULE,
    &settings_without_env_library::RULE,
    &database_engine::RULE,
    &database_env_names::RULE,
];
