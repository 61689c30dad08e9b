//! Security: secrets, debugging, markup, forgery.

mod csrf_disabled;
mod debug;
mod debug_enabled;
mod markup;
mod plaintext_credential_field;
mod secret_elsewhere;
mod secret_in_settings;
mod secret_with_default_in_code;
mod strings;
mod unsafe_markup;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &secret_in_settings::RULE,
    &debug_enabled::RULE,
    &unsafe_markup::RULE,
    &csrf_disabled::RULE,
    &secret_elsewhere::RULE,
    &secret_with_default_in_code::RULE,
    &plaintext_credential_field::RULE,
];
