//! Memcached: the cache that every service shares.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
