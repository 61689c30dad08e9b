//! Python across files: where in the repository an imported name is defined.

pub mod imports;
