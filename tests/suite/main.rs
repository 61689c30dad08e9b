//! One binary of stories: against the stand-in forges, and against what the forges say of themselves.

// The marks tell clippy that helpers outside a test function are test code, too.
#[cfg(test)]
mod github;
#[cfg(test)]
mod github_contract;
