//! What `DEBUG` is worth where the environment says nothing, as far as the text tells.

use ruff_python_ast::{CmpOp, Expr, ExprCall, Number, UnaryOp};
use ruff_text_size::Ranged;

use crate::project::env::reads::{Cast, Read};
use crate::syntax::python::{Module, string};

/// Calls and operators within each other that are followed.
const MAX_DEPTH: usize = 10;

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Bool(bool),
    Int(i64),
    None,
}

impl Value {
    fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Bool(value) => *value,
            Self::Int(number) => *number != 0,
            Self::None => false,
        }
    }
}

/// Evaluates expressions of one file with an empty environment.
pub(super) struct Unset<'a> {
    pub(super) module: &'a Module,
    pub(super) reads: &'a [Read<'a>],
}

impl<'a> Unset<'a> {
    /// Is the expression surely true where no variable is set?
    pub(super) fn is_true(&self, expr: &Expr) -> bool {
        self.value(expr, 0).is_some_and(|value| value.is_true())
    }

    /// The read whose text an expression takes for a truth value, as it is or in `bool(…)`.
    pub(super) fn raw_text(&self, expr: &Expr) -> Option<&'a Read<'a>> {
        match expr {
            Expr::Call(call) if self.is_builtin(call, "bool") => {
                self.read(call.arguments.find_positional(0)?).filter(|read| read.cast == Cast::Text)
            }
            other => self.read(other).filter(|read| read.cast == Cast::Text),
        }
    }

    fn read(&self, expr: &Expr) -> Option<&'a Read<'a>> {
        self.reads.iter().find(|read| read.range == expr.range())
    }

    fn is_builtin(&self, call: &ExprCall, name: &str) -> bool {
        self.module.qualified(&call.func).is_some_and(|callee| callee == name)
    }

    fn value(&self, expr: &Expr, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(read) = self.read(expr) {
            return self.of_read(read, depth);
        }
        match expr {
            Expr::BooleanLiteral(literal) => Some(Value::Bool(literal.value)),
            Expr::StringLiteral(_) => string(expr).map(|text| Value::Text(text.to_owned())),
            Expr::NoneLiteral(_) => Some(Value::None),
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(number) => number.as_i64().map(Value::Int),
                _ => None,
            },
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => {
                self.value(&not.operand, depth + 1).map(|value| Value::Bool(!value.is_true()))
            }
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([op], [right]) => self.compared(&compare.left, *op, right, depth),
                _ => None,
            },
            Expr::Call(call) => self.called(call, depth),
            _ => None,
        }
    }

    fn of_read(&self, read: &Read<'_>, depth: usize) -> Option<Value> {
        let default = match read.default {
            Some(default) => self.value(default, depth + 1)?,
            None if read.is_optional && read.cast == Cast::Text => Value::None,
            None => return None,
        };
        match (read.cast, default) {
            (Cast::Bool, Value::Text(text)) => says_true(&text).map(Value::Bool),
            (_, value) => Some(value),
        }
    }

    fn compared(&self, left: &Expr, op: CmpOp, right: &Expr, depth: usize) -> Option<Value> {
        let left = self.value(left, depth + 1)?;
        let is_equal = |item: &Expr| Some(self.value(item, depth + 1)? == left);
        let is_in = |items: &[Expr]| {
            let equal: Option<Vec<bool>> = items.iter().take(20).map(is_equal).collect();
            Some(equal?.contains(&true))
        };
        let result = match (op, right) {
            (CmpOp::Eq | CmpOp::Is, _) => is_equal(right)?,
            (CmpOp::NotEq | CmpOp::IsNot, _) => !is_equal(right)?,
            (CmpOp::In, Expr::List(list)) => is_in(&list.elts)?,
            (CmpOp::In, Expr::Tuple(tuple)) => is_in(&tuple.elts)?,
            (CmpOp::In, Expr::Set(set)) => is_in(&set.elts)?,
            _ => return None,
        };
        Some(Value::Bool(result))
    }

    fn called(&self, call: &ExprCall, depth: usize) -> Option<Value> {
        if let Expr::Attribute(method) = &*call.func
            && call.arguments.is_empty()
            && let Some(Value::Text(text)) = self.value(&method.value, depth + 1)
        {
            return Some(Value::Text(match method.attr.as_str() {
                "lower" | "casefold" => text.to_lowercase(),
                "upper" => text.to_uppercase(),
                "strip" => text.trim().to_owned(),
                "title" | "capitalize" => capitalised(&text),
                _ => return None,
            }));
        }
        let argument = self.value(call.arguments.find_positional(0)?, depth + 1)?;
        let callee = self.module.qualified(&call.func)?;
        match (callee.last(), argument) {
            ("bool", value) if callee.is_plain() => Some(Value::Bool(value.is_true())),
            ("int", Value::Text(text)) if callee.is_plain() => text.trim().parse().ok().map(Value::Int),
            ("int", value) if callee.is_plain() => Some(Value::Int(i64::from(value.is_true()))),
            ("str", Value::Text(text)) if callee.is_plain() => Some(Value::Text(text)),
            ("strtobool" | "loads", Value::Text(text)) => says_true(&text).map(Value::Bool),
            _ => None,
        }
    }
}

fn capitalised(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What every library takes for a truth value.
fn says_true(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "y" | "t" => Some(true),
        "false" | "0" | "no" | "off" | "n" | "f" | "" => Some(false),
        _ => None,
    }
}
