//! The suites of a statement.

use ruff_python_ast::{ExceptHandler, Stmt, Suite};

/// Those that stand right below it.
pub(super) fn suites(stmt: &mut Stmt) -> Vec<&mut Suite> {
    match stmt {
        Stmt::FunctionDef(s) => vec![&mut s.body],
        Stmt::For(s) => vec![&mut s.body, &mut s.orelse],
        Stmt::While(s) => vec![&mut s.body, &mut s.orelse],
        Stmt::With(s) => vec![&mut s.body],
        Stmt::If(s) => std::iter::once(&mut s.body)
            .chain(s.elif_else_clauses.iter_mut().map(|clause| &mut clause.body))
            .collect(),
        Stmt::Try(s) => {
            let handlers =
                s.handlers.iter_mut().map(|ExceptHandler::ExceptHandler(handler)| &mut handler.body);
            [&mut s.body, &mut s.orelse, &mut s.finalbody].into_iter().chain(handlers).collect()
        }
        _ => Vec::new(),
    }
}
