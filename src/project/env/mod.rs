//! Env files, who reads them, what Git ignores of them, and what in them is a secret.

pub mod env_files;
pub mod ignore;
pub mod readers;
pub mod reads;
pub mod secret;
