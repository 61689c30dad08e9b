//! Security: secrets, debugging, markup, forgery.

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
