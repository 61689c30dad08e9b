//! Statements that make a list, set or string longer or shorter.

use ruff_python_ast::{Expr, ExprCall, ExprName, Operator, Stmt};

/// What a statement does to a list or a string.
#[derive(Clone, Copy, Debug)]
pub(super) enum Growth<'a> {
    Longer(&'a Expr),
    Element(&'a Expr),
    Shorter,
}

impl<'a> Growth<'a> {
    /// What comes in.
    pub(super) fn value(self) -> Option<&'a Expr> {
        match self {
            Self::Longer(value) | Self::Element(value) => Some(value),
            Self::Shorter => None,
        }
    }
}

/// `name += …`, `name.append(…)` and the like.
pub(super) fn growth(stmt: &Stmt) -> Option<(&ExprName, Growth<'_>)> {
    match stmt {
        Stmt::AugAssign(assign) if assign.op == Operator::Add => {
            Some((assign.target.as_name_expr()?, Growth::Longer(&assign.value)))
        }
        Stmt::Expr(expr) => {
            let call = expr.value.as_call_expr()?;
            let method = call.func.as_attribute_expr()?;
            Some((method.value.as_name_expr()?, called(call, method.attr.as_str())?))
        }
        _ => None,
    }
}

fn called<'a>(call: &'a ExprCall, method: &str) -> Option<Growth<'a>> {
    let argument = |index| call.arguments.find_positional(index);
    match method {
        "append" | "add" => argument(0).map(Growth::Element),
        "insert" => argument(1).map(Growth::Element),
        "extend" | "update" => argument(0).map(Growth::Longer),
        "remove" | "discard" | "pop" | "clear" => Some(Growth::Shorter),
        _ => None,
    }
}
