//! The Django project as its settings and folders tell it: apps, settings modules, databases.

pub mod apps;
pub mod database;
mod installed;
mod packages;
pub mod settings;

#[cfg(test)]
pub(in crate::project) mod tests;
