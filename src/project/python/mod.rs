//! Python across files: where in the repository an imported name is defined, and what a file is for.

pub mod imports;
pub mod role;
