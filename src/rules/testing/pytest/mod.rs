//! What only pytest runs, and what brings it in.

pub(super) mod lists;
pub(super) mod modules;
pub(super) mod old;
