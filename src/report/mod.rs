//! What people and machines are shown: pure functions from a judgement to texts, and from texts to a plan.

pub mod annotations;
pub mod by_rule;
mod comparison;
mod escape;
pub mod fixed;
mod group;
pub mod json;
mod known;
mod markdown;
pub mod plan;
mod plan_input;
mod replacement;
pub mod sarif;
mod secret_lines;
pub mod status;
mod summary;
pub mod terminal;
pub mod wording;
pub mod wrap;

pub use summary::heading;
