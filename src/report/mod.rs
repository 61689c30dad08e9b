//! What people and machines are shown: pure functions from a judgement to texts, and from texts to a plan.

pub mod annotations;
mod desk;
mod escape;
mod group;
pub mod json;
mod known;
mod markdown;
pub mod plan;
mod replacement;
pub mod sarif;
pub mod status;
mod summary;
pub mod terminal;
mod veil;
pub mod wording;
pub mod wrap;

pub use summary::heading;
