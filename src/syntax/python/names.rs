//! What the names of a file stand for, by its imports and plain aliases. Scopes are not told apart: a name that is
//! bound to two things stands for neither.

use std::collections::HashMap;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::TextRange;

/// How many aliases are followed before a name is given up.
const MAX_HOPS: usize = 8;

/// One local name bound by an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub local: String,
    /// Dotted, with leading dots for a relative import.
    pub target: String,
    pub range: TextRange,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    imports: Vec<Import>,
    /// `None`: bound twice, differently.
    bound: HashMap<String, Option<Target>>,
}

/// What a local name stands for.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// Read no further: of `from datetime import datetime, timedelta` the second is not in the first.
    Imported(String),
    /// `x = a.b`
    Alias(String),
}

impl Names {
    pub(super) fn collect(body: &[Stmt]) -> Self {
        let mut names = Self::default();
        names.visit_body(body);
        names
    }

    pub(super) fn imports(&self) -> impl Iterator<Item = &Import> {
        self.imports.iter()
    }

    pub(super) fn qualified(&self, expr: &Expr) -> Option<String> {
        let mut name = dotted(expr)?;
        for _ in 0..MAX_HOPS {
            let (first, rest) = name.split_once('.').map_or((name.as_str(), None), |(f, r)| (f, Some(r)));
            let Some(target) = self.bound.get(first) else { return Some(name) };
            let of = |target: &String| rest.map_or_else(|| target.clone(), |rest| join(target, rest));
            name = match target.as_ref()? {
                Target::Imported(target) => return Some(of(target)),
                Target::Alias(target) => of(target),
            };
        }
        None
    }

    fn bind(&mut self, local: &str, target: Target) {
        match self.bound.get_mut(local) {
            None => {
                self.bound.insert(local.to_owned(), Some(target));
            }
            Some(known) if known.as_ref() == Some(&target) => {}
            Some(known) => *known = None,
        }
    }

    fn import(&mut self, local: &str, target: String, range: TextRange) {
        self.imports.push(Import { local: local.to_owned(), target: target.clone(), range });
        self.bind(local, Target::Imported(target));
    }
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let full = alias.name.as_str();
                    match &alias.asname {
                        Some(local) => self.import(local.as_str(), full.to_owned(), alias.range),
                        None => {
                            let first = full.split('.').next().unwrap_or(full);
                            self.import(first, first.to_owned(), alias.range);
                        }
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let dots = ".".repeat(import.level as usize);
                let module = format!("{dots}{}", import.module.as_ref().map_or("", |m| m.as_str()));
                for alias in import.names.iter().filter(|a| a.name.as_str() != "*") {
                    let local = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.import(local.as_str(), join(&module, alias.name.as_str()), alias.range);
                }
            }
            Stmt::Assign(assign) => {
                if let ([Expr::Name(local)], Some(target)) =
                    (assign.targets.as_slice(), dotted(&assign.value))
                    && target.contains('.')
                    && target.split('.').next() != Some(local.id.as_str())
                {
                    self.bind(local.id.as_str(), Target::Alias(target));
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    /// Only statements bind what we follow.
    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// `a.b.c` as text.
fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => {
            let mut head = dotted(&attribute.value)?;
            head.push('.');
            head.push_str(attribute.attr.as_str());
            Some(head)
        }
        _ => None,
    }
}

fn join(module: &str, name: &str) -> String {
    if module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") }
}
