//! What people and machines are shown.
#![cfg(test)] // the lints know helpers of tests by it

mod comments;
pub(crate) mod fixtures;
mod hostile;
mod machines;
mod planning;
mod statuses;
mod summaries;
mod terminal;
