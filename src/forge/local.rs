//! The local Git repository, read through `git`.
