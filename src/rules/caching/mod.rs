//! The cache: keys that say whose they are, entries that end.

mod cache_entry_without_ttl;
mod cache_key_pattern;
mod key;
mod task_progress_key_pattern;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] =
    &[&cache_key_pattern::RULE, &cache_entry_without_ttl::RULE, &task_progress_key_pattern::RULE];
