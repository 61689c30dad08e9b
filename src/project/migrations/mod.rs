//! Migrations as Django reads them: files, operations, their graph, the state that they leave, what is deployed.

pub mod contrib;
pub mod deployed;
pub mod field;
pub mod history;
mod ignored;
pub mod links;
pub mod loaded;
pub mod loader;
pub mod migration;
pub mod operations;
pub mod state;
