//! The Django project as its settings and folders tell it: apps, settings modules, databases.

pub mod apps;
pub mod bases;
pub mod database;
mod installed;
pub mod instances;
pub mod lineage;
pub mod model_field;
pub mod models;
mod packages;
pub mod relations;
pub mod settings;
pub mod tasks;

#[cfg(test)]
pub(in crate::project) mod tests;
