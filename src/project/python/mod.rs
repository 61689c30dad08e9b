//! Python across files: where in the repository an imported name is defined, and what a file is for.

pub mod discovery;
pub mod imports;
pub mod origin;
pub mod pytest;
pub mod role;
mod stdlib;
