//! Functions and constants of a migration that have another name now and are the same.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::transformer::{self, Transformer};
use ruff_python_ast::{Expr, Stmt};

use crate::rules::migrations::canonical::Canonical;
use crate::syntax::python::assignment;

use super::likeness::Likeness;
use super::modern::Called;

/// The head with the names that its functions and constants had at the base; `None` where none was renamed.
pub(super) fn with_old_names(base: &Canonical, head: &Canonical, likeness: &Likeness) -> Option<Canonical> {
    let (old, new) = (named(base), named(head));
    let mut by_text: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, stmt) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
        by_text.entry(nameless(name, stmt, likeness)).or_default().push(name);
    }
    let mut names = Names::default();
    for (name, stmt) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        // Two that do the same are not told apart.
        if let Some([before]) = by_text.remove(&nameless(name, stmt, likeness)).as_deref() {
            names.0.insert((*name).to_owned(), (*before).to_owned());
        }
    }
    if names.0.is_empty() {
        return None;
    }
    let mut body: ruff_python_ast::Suite = head.body().iter().cloned().collect();
    body.iter_mut().for_each(|stmt| names.visit_stmt(stmt));
    Some(head.with_body(body))
}

fn named(module: &Canonical) -> BTreeMap<&str, &Stmt> {
    fn name(stmt: &Stmt) -> Option<&str> {
        match stmt {
            Stmt::FunctionDef(function) => Some(function.name.as_str()),
            other => assignment(other).map(|(name, _)| name),
        }
    }
    module.body().iter().filter_map(|stmt| Some((name(stmt)?, stmt))).collect()
}

/// What a statement does, whatever the name of what it makes.
fn nameless(name: &str, stmt: &Stmt, likeness: &Likeness) -> String {
    let mut stmt = stmt.clone();
    Names(BTreeMap::from([(name.to_owned(), "_".to_owned())])).visit_stmt(&mut stmt);
    likeness.said(&[stmt], Called::ByPosition)
}

/// Old name for new.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Transformer for Names {
    fn visit_stmt(&self, stmt: &mut Stmt) {
        if let Stmt::FunctionDef(function) = stmt
            && let Some(old) = self.0.get(function.name.as_str())
        {
            function.name.id = old.as_str().into();
        }
        transformer::walk_stmt(self, stmt);
    }

    fn visit_expr(&self, expr: &mut Expr) {
        if let Expr::Name(name) = expr
            && let Some(old) = self.0.get(name.id.as_str())
        {
            name.id = old.as_str().into();
        }
        transformer::walk_expr(self, expr);
    }
}
