//! Which operations change rows.

use crate::project::migrations::migration::{Operation, Position};
use crate::rules::Context;
use crate::source::NotLoaded;

use super::files::{self, File};
use super::forward::only_writes;
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

/// Does a new migration of the same app, other than this one, do `what`?
pub(super) fn another_does(
    context: &Context<'_>,
    file: &File<'_>,
    what: fn(&Operation<'_>) -> bool,
) -> Result<bool, NotLoaded> {
    for other in files::of(context)?.iter().filter(|o| o.name.app == file.name.app && o.name != file.name) {
        if other.source.operations().iter().any(what) && other.is_new(context)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// May the operation leave a table without rows? Code and SQL that cannot be read may.
pub(super) fn may_empty(operation: &Operation<'_>) -> bool {
    if operation.position == Position::StateOnly {
        return false;
    }
    match operation.django_kind() {
        Some("RunPython") => {
            let name = operation.argument("code", 0).and_then(|e| e.as_name_expr());
            name.is_none_or(|name| !only_writes(operation.module, name.id.as_str()))
        }
        Some("RunSQL") => {
            sql::statements(operation).is_none_or(|statements| statements.iter().any(|s| sql::deletes(s)))
        }
        Some(_) => false,
        None => true,
    }
}
