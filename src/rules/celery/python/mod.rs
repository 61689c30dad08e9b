//! Broker URLs in Python: where strings stand, what they are built of, and which of their parts are percent-encoded.

mod encoder;
pub(super) mod judged;
mod parsed;
pub(super) mod quoting;
pub(super) mod strings;
pub(super) mod unquoted;
pub(super) mod wrap;
