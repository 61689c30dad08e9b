//! Constant folding: what an expression is worth as far as this file's text alone tells.

use std::collections::HashMap;

use ruff_python_ast::{Expr, Operator, Stmt};

use super::growth::{Growth, growth};
use super::scope::Statement;
use super::{assignment, string};

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

    /// The strings of a list.
    pub fn strings(&self) -> Vec<&str> {
        match self {
            Self::List { items, .. } => items.iter().filter_map(Self::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Elements and bytes.
    fn size(&self) -> usize {
        match self {
            Self::Str(text) => text.len() + 1,
            Self::List { items, .. } => 1 + items.iter().map(Self::size).sum::<usize>(),
            _ => 1,
        }
    }
}

/// Operators and displays within each other; more is nobody's constant.
const MAX_DEPTH: usize = 200;
/// Elements and bytes that names may bring into one folding: `A += A` doubles with each line.
const MAX_COPIED: usize = 1 << 20;

/// What the names at the top of a module are worth when all of it has run.
#[derive(Debug, Default)]
pub(super) struct Values(HashMap<String, Folded>);

impl Values {
    /// Runs the statements in their order: `=`, `+=`, `.append("x")`, `.extend([…])` and the like. What stands under
    /// `if` or `try` may not run, which makes a list partial.
    pub(super) fn of(statements: &[Statement<'_>]) -> Self {
        let (mut values, mut room) = (Self::default(), MAX_COPIED);
        for statement in statements {
            values.run(statement.node, statement.is_direct, &mut room);
        }
        values
    }

    pub(super) fn fold(&self, expr: &Expr) -> Folded {
        Folding { values: self, room: &mut MAX_COPIED.clone() }.fold(expr, 0)
    }

    pub(super) fn of_name(&self, name: &str) -> &Folded {
        self.0.get(name).unwrap_or(&Folded::Unknown)
    }

    fn run(&mut self, stmt: &Stmt, sure: bool, room: &mut usize) {
        let mut folding = Folding { values: self, room };
        let (name, value) = if let Some((name, value)) = assignment(stmt) {
            let folded = folding.fold(value, 0);
            let before = self.of_name(name).clone();
            (name, if sure { folded } else { either(before, soften(folded, false)) })
        } else if let Some((name, growth)) = growth(stmt) {
            let name = name.id.as_str();
            let by = match growth {
                Growth::Longer(value) => folding.fold(value, 0),
                Growth::Element(value) => {
                    Folded::List { items: vec![folding.fold(value, 0)], partial: false }
                }
                Growth::Shorter => {
                    self.0.insert(name.to_owned(), Folded::Unknown);
                    return;
                }
            };
            let before = self.0.remove(name).unwrap_or(Folded::Unknown);
            (name, soften(add(before, by), sure))
        } else {
            return;
        };
        self.0.insert(name.to_owned(), value);
    }
}

/// One expression on its way.
struct Folding<'v> {
    values: &'v Values,
    /// What names may still bring.
    room: &'v mut usize,
}

impl Folding<'_> {
    fn fold(&mut self, expr: &Expr, depth: usize) -> Folded {
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
            Expr::List(list) => self.items(&list.elts, depth),
            Expr::Tuple(tuple) => self.items(&tuple.elts, depth),
            Expr::Set(set) => self.items(&set.elts, depth),
            Expr::BinOp(op) if op.op == Operator::Add => {
                add(self.fold(&op.left, depth + 1), self.fold(&op.right, depth + 1))
            }
            Expr::Name(name) => self.name(name.id.as_str()),
            _ => Folded::Unknown,
        }
    }

    fn name(&mut self, name: &str) -> Folded {
        if *self.room == 0 {
            return Folded::Unknown;
        }
        let value = self.values.of_name(name);
        let size = value.size();
        let fits = size <= *self.room;
        *self.room = self.room.saturating_sub(size);
        if fits { value.clone() } else { Folded::Unknown }
    }

    fn items(&mut self, elements: &[Expr], depth: usize) -> Folded {
        let mut items = Vec::new();
        let mut partial = false;
        for element in elements {
            match element {
                Expr::Starred(starred) => match self.fold(&starred.value, depth + 1) {
                    Folded::List { items: more, partial: more_partial } => {
                        items.extend(more);
                        partial |= more_partial;
                    }
                    _ => partial = true,
                },
                other => items.push(self.fold(other, depth + 1)),
            }
        }
        Folded::List { items, partial }
    }
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

/// What one of two branches gave: of lists, what is in either.
fn either(before: Folded, now: Folded) -> Folded {
    match (before, now) {
        (Folded::Unknown, now) => now,
        (before, now) if before == now => now,
        (before @ Folded::List { .. }, now @ Folded::List { .. }) => soften(add(before, now), false),
        _ => Folded::Unknown,
    }
}

/// A list that grows under a condition may hold less.
fn soften(value: Folded, sure: bool) -> Folded {
    match value {
        Folded::List { items, partial } => Folded::List { items, partial: partial || !sure },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Text;
    use crate::syntax::python::Module;

    fn apps(source: &str) -> Folded {
        Module::parse(&Text::new(source)).value_of("APPS")
    }

    fn list(items: &[&str], partial: bool) -> Folded {
        Folded::List { items: items.iter().map(|s| Folded::Str((*s).to_owned())).collect(), partial }
    }

    #[test]
    fn statements_run_in_their_order() {
        for (source, want) in [
            (
                "APPS = ['a']\nAPPS = APPS + ['b']\nAPPS += ['c']\nAPPS.append('d')\n",
                list(&["a", "b", "c", "d"], false),
            ),
            ("A = ['a']\nAPPS = A\nA = ['b']\n", list(&["a"], false)),
            ("APPS = ['a']\nif DEBUG:\n    APPS += ['b']\n", list(&["a", "b"], true)),
            ("if DEBUG:\n    APPS = ['a']\nelse:\n    APPS = ['b']\n", list(&["a", "b"], true)),
            ("APPS = ['a', *extra()]\n", list(&["a"], true)),
            ("try:\n    APPS = 'a'\nexcept ImportError:\n    APPS = 'b'\n", Folded::Unknown),
        ] {
            assert_eq!(apps(source), want, "{source}");
        }
    }

    #[test]
    fn what_was_taken_out_is_not_surely_there() {
        for method in ["remove('a')", "pop()", "clear()"] {
            assert_eq!(apps(&format!("APPS = ['a', 'b']\nAPPS.{method}\n")), Folded::Unknown, "{method}");
        }
    }

    #[test]
    fn names_that_double_themselves_end() {
        let doubled = "APPS += APPS\n".repeat(2_000);
        assert!(apps(&format!("APPS = ['a']\n{doubled}")).strings().len() >= 1_024);
        assert_eq!(apps(&format!("APPS = 'a'\n{doubled}")), Folded::Unknown);
        let nested = "APPS = [APPS, APPS, *APPS]\n".repeat(2_000);
        assert!(matches!(apps(&format!("APPS = ['a']\n{nested}")), Folded::List { partial: true, .. }));
    }
}
