//! The body of `class Migration`, by the names that it assigns.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use ruff_text_size::{Ranged, TextRange};

use crate::syntax::python::{assignment, normalised_stmts};

use super::display::flatten;

/// Where an attribute stands, else the class's name.
pub(super) fn place(class: &StmtClassDef, attribute: &str) -> TextRange {
    let stmt = class.body.iter().find(|s| target(s) == Some(attribute));
    stmt.map_or(class.name.range, Ranged::range)
}

/// The name that a statement of the class body assigns to.
pub(super) fn target(stmt: &Stmt) -> Option<&str> {
    if let Some(grown) = stmt.as_aug_assign_stmt() {
        return grown.target.as_name_expr().map(|n| n.id.as_str());
    }
    assignment(stmt).map(|(name, _)| name)
}

/// The elements of a list attribute, through `+`, `+=` and `*`; what is no display is an element itself.
pub(super) fn elements<'a>(class: &'a StmtClassDef, attribute: &str) -> Vec<&'a Expr> {
    let mut found = Vec::new();
    for stmt in &class.body {
        match assignment(stmt) {
            Some((name, value)) if name == attribute => {
                found.clear();
                flatten(value, &mut found);
            }
            _ => {
                if let Some(grown) = stmt.as_aug_assign_stmt().filter(|_| target(stmt) == Some(attribute)) {
                    flatten(&grown.value, &mut found);
                }
            }
        }
    }
    found
}

/// What a statement defines, else its text.
pub(super) fn label(stmt: &Stmt) -> String {
    match stmt {
        Stmt::FunctionDef(function) => function.name.to_string(),
        Stmt::ClassDef(class) => class.name.to_string(),
        other => target(other).map_or_else(|| normalised_stmts(std::slice::from_ref(other)), str::to_owned),
    }
}
