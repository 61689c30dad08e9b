//! The tables of an app: as its models write them, and as its migrations leave them.
//!
//! Both are brought into the form that Django compares (`deconstruct`), so that what is left differs for
//! `makemigrations --check` too. What the text does not tell is unknown, and equal to everything.

mod column;
pub mod drift;
mod replayed;
mod table;
mod value;
pub mod written;

pub use column::Column;
pub use drift::Drift;
pub use replayed::Replayed;
pub use table::Table;
pub use value::Value;
