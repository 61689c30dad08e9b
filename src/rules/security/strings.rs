//! The constant strings of settings with the names that they are given, near or far: of
//! `DATABASES = {"default": {"PASSWORD": "…"}}` it is `DATABASES.default.PASSWORD`.

use ruff_python_ast::{Expr, Stmt};

use crate::project::env::reads::Read;
use crate::project::env::secret::is_nameable;
use crate::syntax::python::{Module, Piece, string};

/// Displays and calls within each other that are followed.
const MAX_DEPTH: usize = 20;

/// A constant string and what it is called.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) value: String,
    pub(super) expr: &'a Expr,
}

impl<'a> Named<'a> {
    /// The nearest name.
    pub(super) fn name(&self) -> &'a str {
        self.names.last().copied().unwrap_or("")
    }

    /// All names; what may be a piece of a secret itself is left out.
    pub(super) fn path(&self) -> String {
        let shown: Vec<&str> =
            self.names.iter().map(|name| if is_nameable(name) { name } else { "…" }).collect();
        shown.join(".")
    }
}

/// Those of a module's own statements. What is read of the environment is left out, with its defaults.
pub(super) fn of_settings<'a>(module: &'a Module, reads: &'a [Read<'a>]) -> Vec<Named<'a>> {
    let mut gather = Gather { module, reads, found: Vec::new() };
    for statement in &module.index().module().statements {
        match statement.node {
            Stmt::Assign(assign) => {
                let names = assign.targets.first().map(names_of).unwrap_or_default();
                gather.look(&names, &assign.value, 0);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    gather.look(&names_of(&assign.target), value, 0);
                }
            }
            Stmt::AugAssign(assign) => gather.look(&names_of(&assign.target), &assign.value, 0),
            Stmt::Expr(expr) => gather.look(&[], &expr.value, 0),
            _ => {}
        }
    }
    gather.found
}

/// `A["b"]["c"]` → `A`, `b`, `c`
fn names_of(target: &Expr) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = target;
    loop {
        match rest {
            Expr::Subscript(subscript) => {
                names.extend(string(&subscript.slice));
                rest = &subscript.value;
            }
            Expr::Name(name) => {
                names.push(name.id.as_str());
                break;
            }
            _ => break,
        }
    }
    names.reverse();
    names
}

/// A string that nothing outside the file adds to.
pub(super) fn constant(module: &Module, expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(_) => string(expr).map(str::to_owned),
        Expr::FString(_) | Expr::BinOp(_) => {
            let pieces = module.pieces(expr)?;
            let text = |piece: Piece<'_>| if let Piece::Text(text) = piece { Some(text) } else { None };
            pieces.into_iter().map(text).collect()
        }
        _ => None,
    }
}

struct Gather<'a> {
    module: &'a Module,
    reads: &'a [Read<'a>],
    found: Vec<Named<'a>>,
}

impl<'a> Gather<'a> {
    fn look(&mut self, names: &[&'a str], expr: &'a Expr, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let below = |name: &'a str| names.iter().copied().chain([name]).collect::<Vec<_>>();
        match expr {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match item.key.as_ref().and_then(string) {
                        Some(key) => self.look(&below(key), &item.value, depth + 1),
                        None => self.look(names, &item.value, depth + 1),
                    }
                }
            }
            Expr::List(list) => list.elts.iter().for_each(|item| self.look(names, item, depth + 1)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| self.look(names, item, depth + 1)),
            Expr::Set(set) => set.elts.iter().for_each(|item| self.look(names, item, depth + 1)),
            Expr::If(choice) => {
                self.look(names, &choice.body, depth + 1);
                self.look(names, &choice.orelse, depth + 1);
            }
            Expr::BoolOp(either) if self.reads_environment(&either.values[0]) => {}
            Expr::BoolOp(either) => either.values.iter().for_each(|value| self.look(names, value, depth + 1)),
            Expr::Call(call) if !self.reads_environment(expr) => {
                for keyword in &call.arguments.keywords {
                    match &keyword.arg {
                        Some(name) => self.look(&below(name.as_str()), &keyword.value, depth + 1),
                        None => self.look(names, &keyword.value, depth + 1),
                    }
                }
            }
            other => {
                let value = constant(self.module, other);
                self.found.extend(value.map(|value| Named { names: names.to_vec(), value, expr: other }));
            }
        }
    }

    /// Does a read begin here?
    fn reads_environment(&self, expr: &Expr) -> bool {
        use ruff_text_size::Ranged;
        self.reads.binary_search_by_key(&expr.start(), |read| read.range.start()).is_ok()
    }
}
