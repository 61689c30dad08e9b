//! Whose repositories a sweep goes through.

use crate::model::id::ForgeName;

use super::{ServedForge, Worker};

/// One account of a forge: an installation of GitHub's, elsewhere our one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account<'a> {
    pub(super) worker: &'a Worker,
    pub(super) name: &'a ForgeName,
    pub(super) served: &'a ServedForge,
    pub(super) installation: Option<u64>,
    /// When the forge was first served, in Unix milliseconds.
    pub(super) first_started: i64,
}
