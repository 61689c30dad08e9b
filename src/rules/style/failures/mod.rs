//! Where a failure, or what a program says of itself, does not reach the log.

pub(super) mod debugger;
pub(super) mod print;
pub(super) mod silence;
pub(super) mod text;
