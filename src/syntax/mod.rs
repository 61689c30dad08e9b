//! Formats as typed views with spans. Tolerant: broken input gives what could be read, and says that it is broken.

pub mod dotenv;
pub mod english;
pub mod python;
pub mod shell;
pub mod suppression;
pub mod yaml;
