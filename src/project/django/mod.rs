//! The Django project as its settings and folders tell it: apps, settings modules, databases.

pub mod apps;
pub mod bases;
pub mod cache_calls;
pub mod database;
mod form_fields;
pub mod forms;
mod installed;
pub mod instances;
pub mod keys;
pub mod lineage;
pub mod managers;
pub mod model_field;
pub mod models;
pub mod overrides;
mod packages;
pub mod relation;
pub mod relations;
pub mod routes;
pub mod settings;
pub mod settings_module;
pub mod stage;
pub mod tasks;
pub mod views;

#[cfg(test)]
pub(in crate::project) mod tests;
