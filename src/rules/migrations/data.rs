//! Which operations change rows.

use crate::project::migration::{Operation, Position};
use crate::rules::Context;
use crate::source::NotLoaded;

use super::files::File;
use super::sql;

/// Does the operation run code or SQL that may change rows? SQL that cannot be read may.
pub(super) fn changes_data(operation: &Operation<'_>) -> bool {
    if operation.position == Position::StateOnly {
        return false;
    }
    match operation.django_kind() {
        Some("RunPython") => !operation
            .argument("code", 0)
            .and_then(|code| operation.module.qualified(code))
            .is_some_and(|name| name.ends_with("RunPython.noop")),
        Some("RunSQL") => {
            sql::statements(operation).is_none_or(|statements| statements.iter().any(|s| sql::is_data(s)))
        }
        Some(_) => false,
        // Somebody else's operation: nobody knows.
        None => true,
    }
}

/// Does a new migration of the same app, other than this one, change rows?
pub(super) fn fills_before(
    context: &Context<'_>,
    file: &File<'_>,
    files: &[File<'_>],
) -> Result<bool, NotLoaded> {
    for other in files.iter().filter(|o| o.name.app == file.name.app && o.name != file.name) {
        if other.source.operations().iter().any(changes_data) && other.is_new(context)? {
            return Ok(true);
        }
    }
    Ok(false)
}
