//! Security: secrets, debugging, markup, forgery.

mod plaintext_credential_field;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[&plaintext_credential_field::RULE];
