//! Migrations as Django reads them: files, operations, the graph, the state that they leave, what is deployed.

pub mod contrib;
pub mod deployed;
pub mod field;
pub mod graph;
mod ignored;
pub mod migration;
pub mod operations;
pub mod state;
