//! What the house is told: the server's settings and each repository's policy.

pub mod policy;
pub mod settings;
