//! Constant folding: what an expression is worth as far as this file's text alone tells.

use ruff_python_ast::{Expr, Operator, Stmt};

use super::{Module, string, top_level};

/// A folded value. What cannot be known is `Unknown`, and a list that holds unknown parts is marked partial.
#[derive(Clone, Debug, PartialEq)]
pub enum Folded {
    Str(String),
    Bool(bool),
    None,
    Int(i64),
    /// Lists, tuples and sets. `partial`: there may be more elements.
    List {
        items: Vec<Folded>,
        partial: bool,
    },
    Unknown,
}

impl Folded {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The strings of a list, and whether that is surely all of them.
    pub fn strings(&self) -> (Vec<&str>, bool) {
        match self {
            Self::List { items, partial } => {
                let strings: Vec<_> = items.iter().filter_map(Self::as_str).collect();
                let whole = !partial && strings.len() == items.len();
                (strings, whole)
            }
            _ => (Vec::new(), false),
        }
    }
}

const MAX_DEPTH: usize = 16;

pub(super) fn fold(module: &Module, expr: &Expr, depth: usize) -> Folded {
    if depth > MAX_DEPTH {
        return Folded::Unknown;
    }
    match expr {
        Expr::StringLiteral(_) => string(expr).map_or(Folded::Unknown, |s| Folded::Str(s.to_owned())),
        Expr::BooleanLiteral(b) => Folded::Bool(b.value),
        Expr::NoneLiteral(_) => Folded::None,
        Expr::NumberLiteral(n) => match &n.value {
            ruff_python_ast::Number::Int(i) => i.as_i64().map_or(Folded::Unknown, Folded::Int),
            _ => Folded::Unknown,
        },
        Expr::List(list) => fold_items(module, &list.elts, depth),
        Expr::Tuple(tuple) => fold_items(module, &tuple.elts, depth),
        Expr::Set(set) => fold_items(module, &set.elts, depth),
        Expr::BinOp(op) if op.op == Operator::Add => {
            add(fold(module, &op.left, depth + 1), fold(module, &op.right, depth + 1))
        }
        Expr::Name(name) => fold_name(module, name.id.as_str(), depth),
        _ => Folded::Unknown,
    }
}

fn fold_items(module: &Module, elements: &[Expr], depth: usize) -> Folded {
    let mut items = Vec::new();
    let mut partial = false;
    for element in elements {
        match element {
            Expr::Starred(starred) => match fold(module, &starred.value, depth + 1) {
                Folded::List { items: more, partial: more_partial } => {
                    items.extend(more);
                    partial |= more_partial;
                }
                _ => partial = true,
            },
            other => items.push(fold(module, other, depth + 1)),
        }
    }
    Folded::List { items, partial }
}

fn add(left: Folded, right: Folded) -> Folded {
    match (left, right) {
        (Folded::Str(a), Folded::Str(b)) => Folded::Str(a + &b),
        (Folded::List { mut items, partial }, Folded::List { items: more, partial: more_partial }) => {
            items.extend(more);
            Folded::List { items, partial: partial || more_partial }
        }
        (Folded::List { items, .. }, Folded::Unknown) | (Folded::Unknown, Folded::List { items, .. }) => {
            Folded::List { items, partial: true }
        }
        _ => Folded::Unknown,
    }
}

/// A module-level name: its assignments in order, with `+=`, `.append("x")` and `.extend([…])`; a statement under
/// `if` or `try` may not run, which makes a list partial.
fn fold_name(module: &Module, name: &str, depth: usize) -> Folded {
    let mut value = Folded::Unknown;
    let outer: Vec<*const Stmt> = module.body().iter().map(std::ptr::from_ref).collect();
    for stmt in top_level(module.body()) {
        let sure = outer.contains(&std::ptr::from_ref(stmt));
        if let Some((target, assigned)) = super::assignment(stmt) {
            if target == name {
                let folded = fold(module, assigned, depth + 1);
                value = if sure || value == Folded::Unknown {
                    soften(folded, sure)
                } else {
                    soften(add(value, folded), false)
                };
            }
        } else if let Some(more) = grown(module, stmt, name, depth) {
            value = soften(add(value, more), sure);
        }
    }
    value
}

/// A list that grows under a condition may hold less.
fn soften(value: Folded, sure: bool) -> Folded {
    match value {
        Folded::List { items, partial } => Folded::List { items, partial: partial || !sure },
        other => other,
    }
}

/// What a statement adds to the list `name`.
fn grown(module: &Module, stmt: &Stmt, name: &str, depth: usize) -> Option<Folded> {
    match stmt {
        Stmt::AugAssign(assign) if assign.op == Operator::Add => {
            let target = assign.target.as_name_expr()?;
            (target.id.as_str() == name).then(|| fold(module, &assign.value, depth + 1))
        }
        Stmt::Expr(expr) => {
            let call = expr.value.as_call_expr()?;
            let method = call.func.as_attribute_expr()?;
            let on_name = method.value.as_name_expr().is_some_and(|n| n.id.as_str() == name);
            let argument =
                call.arguments.find_positional(if method.attr.as_str() == "insert" { 1 } else { 0 })?;
            match (on_name, method.attr.as_str()) {
                (true, "append" | "insert") => {
                    Some(Folded::List { items: vec![fold(module, argument, depth + 1)], partial: false })
                }
                (true, "extend") => Some(fold(module, argument, depth + 1)),
                (true, "remove" | "pop" | "clear") => Some(Folded::Unknown),
                _ => None,
            }
        }
        _ => None,
    }
}
