//! What RunPython and RunSQL share: is there a reverse?

use ruff_python_ast::Expr;

use crate::project::migration::Operation;

/// Does the operation lack its reverse? `*args`, `**kwargs`: nobody can tell, so no.
pub(super) fn lacks_reverse(operation: &Operation<'_>, keyword: &str) -> bool {
    if operation.has_unpacking() {
        return false;
    }
    operation.argument(keyword, 1).is_none_or(Expr::is_none_literal_expr)
}
