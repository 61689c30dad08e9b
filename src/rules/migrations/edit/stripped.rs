//! Statements without what does not count: what is said of going back, and what is only printed or logged.

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use crate::syntax::python::{normalised_expr, walk_exprs};

use super::suites::suites;

/// The statements without what `RunPython` and `RunSQL` say of going back.
pub(super) fn forward(stmts: &[Stmt]) -> Vec<Stmt> {
    struct Forward;
    impl Transformer for Forward {
        fn visit_expr(&self, expr: &mut Expr) {
            transformer::walk_expr(self, expr);
            let Expr::Call(call) = expr else { return };
            let callee = normalised_expr(&call.func);
            if !matches!(callee.rsplit('.').next(), Some("RunPython" | "RunSQL")) {
                return;
            }
            let says =
                |name: Option<&str>| !matches!(name, Some("reverse_code" | "reverse_sql" | "elidable"));
            let arguments = &mut call.arguments;
            arguments.keywords =
                arguments.keywords.iter().filter(|k| says(k.arg.as_deref())).cloned().collect();
            if let [first, _] = &*arguments.args {
                arguments.args = vec![first.clone()].into_boxed_slice();
            }
        }
    }
    let mut stmts = stmts.to_vec();
    stmts.iter_mut().for_each(|stmt| Forward.visit_stmt(stmt));
    stmts
}

/// Without what only speaks: `print(…)`, `logger.info(…)`.
pub(super) fn silent(stmts: &[Stmt]) -> Vec<Stmt> {
    struct Silencer;
    impl Transformer for Silencer {
        fn visit_stmt(&self, stmt: &mut Stmt) {
            if is_output(stmt) {
                let range = stmt.range();
                *stmt = Stmt::Pass(ruff_python_ast::StmtPass { range, node_index: Default::default() });
                return;
            }
            transformer::walk_stmt(self, stmt);
            suites(stmt).into_iter().for_each(|body| body.retain(|s| !s.is_pass_stmt()));
        }
    }
    let mut stmts = stmts.to_vec();
    stmts.iter_mut().for_each(|stmt| Silencer.visit_stmt(stmt));
    stmts
}

/// A statement that only writes text somewhere, with arguments that do nothing by themselves.
fn is_output(stmt: &Stmt) -> bool {
    const CALLEES: [&str; 3] = ["print", "sys.stdout.write", "sys.stderr.write"];
    const LEVELS: [&str; 7] = ["debug", "info", "warning", "warn", "error", "exception", "log"];
    const HARMLESS: [&str; 7] = ["format", "len", "str", "repr", "count", "join", "type"];
    if let Stmt::Assign(assign) = stmt {
        return assign.value.as_call_expr().is_some_and(|c| normalised_expr(&c.func) == "logging.getLogger");
    }
    let Some(call) = stmt.as_expr_stmt().and_then(|s| s.value.as_call_expr()) else { return false };
    let callee = normalised_expr(&call.func);
    let logs = callee.rsplit_once('.').is_some_and(|(owner, level)| {
        LEVELS.contains(&level)
            && owner.to_lowercase().rsplit('.').next().is_some_and(|o| o.starts_with("log"))
    });
    let mut harmless = true;
    walk_exprs(std::slice::from_ref(stmt), &mut |expr| {
        if let Expr::Call(inner) = expr
            && inner.range() != call.range()
        {
            let name = normalised_expr(&inner.func);
            harmless &= HARMLESS.contains(&name.rsplit('.').next().unwrap_or(&name));
        }
    });
    harmless && (logs || CALLEES.contains(&callee.as_str()))
}
