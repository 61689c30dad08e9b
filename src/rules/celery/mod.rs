//! Broker URLs that reach the broker they name.

mod holes;
mod transports;
mod url;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[];
