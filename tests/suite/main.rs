//! Every story about the house, in one binary. `cfg(test)` tells clippy that helpers here are tests too.

#[cfg(test)]
mod server;
#[cfg(test)]
mod store;
#[cfg(test)]
mod worker;
