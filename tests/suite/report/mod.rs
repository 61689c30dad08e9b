//! What people and machines are shown.
#![cfg(test)] // the lints know helpers of tests by it

pub(crate) mod fixtures;
mod forms;
mod hostile;
mod machines;
mod planning;
