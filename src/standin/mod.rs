//! Stand-in forges: stateful, in memory, and stricter than the real ones. What a real forge silently swallows and
//! makes wrong, these write down as a violation. Used by `demo` and the tests only.

pub mod gitea;
pub mod github;
pub mod patch;
pub mod repository;
pub mod sample;
