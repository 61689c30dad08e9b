//! Formats as typed views with spans. Tolerant: broken input gives what could be read, and says that it is broken.

pub mod python;
pub mod suppression;
