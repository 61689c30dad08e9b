//! The Django project as its settings and folders tell it: apps, settings modules, databases.

pub mod apps;
pub mod bases;
pub mod database;
mod installed;
pub mod lineage;
pub mod model_field;
pub mod models;
mod packages;
pub mod settings;

#[cfg(test)]
pub(in crate::project) mod tests;
