//! One integration binary: stories against the stand-in forges, the command line, the rule pages, the layering.

// The attribute is for clippy: it lets helpers of tests unwrap only where it is told that they are tests.
#[cfg(test)]
mod gitea;
#[cfg(test)]
mod real_forge;
#[cfg(test)]
mod report;
#[cfg(test)]
mod store;
