//! The routes of a project: which URL leads to which view, under which name.

pub mod pattern;
pub mod tree;
pub mod urlconf;

#[cfg(test)]
mod tests;
