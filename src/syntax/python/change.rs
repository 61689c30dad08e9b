//! Statements that make a list, set or string longer or shorter.

use ruff_python_ast::{Expr, ExprCall, ExprName, Operator, Stmt};

/// What a statement does to a list or a string.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'a> {
    Longer(&'a Expr),
    Element(&'a Expr),
    Shorter,
}

impl<'a> Change<'a> {
    /// What comes in.
    pub(super) fn value(self) -> Option<&'a Expr> {
        match self {
            Self::Longer(value) | Self::Element(value) => Some(value),
            Self::Shorter => None,
        }
    }
}

/// `name += …`, `name.append(…)` and the like.
pub(super) fn change(stmt: &Stmt) -> Option<(&ExprName, Change<'_>)> {
    match stmt {
        Stmt::AugAssign(assign) if assign.op == Operator::Add => {
            Some((assign.target.as_name_expr()?, Change::Longer(&assign.value)))
        }
        Stmt::Expr(expr) => {
            let call = expr.value.as_call_expr()?;
            let method = call.func.as_attribute_expr()?;
            Some((method.value.as_name_expr()?, called(call, method.attr.as_str())?))
        }
        _ => None,
    }
}

fn called<'a>(call: &'a ExprCall, method: &str) -> Option<Change<'a>> {
    let argument = |index| call.arguments.find_positional(index);
    match method {
        "append" | "add" => argument(0).map(Change::Element),
        "insert" => argument(1).map(Change::Element),
        "extend" | "update" => argument(0).map(Change::Longer),
        "remove" | "discard" | "pop" | "clear" => Some(Change::Shorter),
        _ => None,
    }
}
