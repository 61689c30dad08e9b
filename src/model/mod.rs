//! The words of the house as data: no behaviour beyond what keeps the data true to itself.

pub mod catalogue;
pub mod change;
pub mod command;
pub mod delivery;
pub mod finding;
pub mod glob;
pub mod id;
pub mod judgement;
pub mod marker;
pub mod nearest;
pub mod plan;
pub mod policy;
pub mod pull;
pub mod status;
