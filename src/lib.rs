//! Red Panda keeps Django projects to the Red Panda Standards, one pull request at a time.
//!
//! The floors, top to bottom; a `use crate::…` only ever points down (`tests/suite/layering/`):
//!
//! ```text
//! cli
//!  └ server · worker
//!      └ review
//!          └ forge · store · engine · report      forge and store are the only I/O
//!                            └ rules               pure from here down: no tokio, no HTTP, no clock, no env
//!                               └ project
//!                                  └ syntax
//!                                     └ source
//!                                        └ model · config
//! ```

pub mod cli;
pub mod config;
pub mod engine;
pub mod forge;
pub mod model;
pub mod project;
pub mod report;
pub mod review;
pub mod rules;
pub mod server;
pub mod source;
#[doc(hidden)]
pub mod standin;
pub mod store;
pub mod syntax;
pub mod worker;
