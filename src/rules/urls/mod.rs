//! URLs: names, namespaces, and ids that tell nothing.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
