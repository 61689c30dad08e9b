//! Every story about the house, in one binary.

mod server;
mod store;
mod worker;
