//! What a text becomes once templates are filled in: characters, and holes that stand for values nobody here sees.

mod find;
mod hole;

pub(super) use find::units;
pub(super) use hole::{Filling, Hole, Syntax, Unit, says_encoded, spells, text, written};
