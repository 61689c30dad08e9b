//! Forms: which fields they let in.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
