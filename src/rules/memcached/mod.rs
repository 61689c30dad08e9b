//! Memcached: the cache that every service shares.

mod cache_backend_not_standard;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&cache_backend_not_standard::RULE];
