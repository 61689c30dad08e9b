//! What people write: the server's settings and a repository's policy.

pub mod policy;
