//! Where tests stand.

pub(super) mod hidden;
pub(super) mod mixed;
