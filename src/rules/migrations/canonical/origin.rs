//! What the names of a module are imported from.

use std::collections::HashSet;

use ruff_python_ast::Expr;
use ruff_text_size::TextRange;

use crate::source::tree::folder;
use crate::syntax::python::{Module, normalised_expr};

use super::nodes::name;

/// Tells it for one module.
pub(super) struct Origins<'a> {
    module: &'a Module,
    path: &'a str,
    /// Names that imports bind.
    imported: HashSet<&'a str>,
    /// What stands first in that which they are imported from.
    roots: HashSet<&'a str>,
}

impl<'a> Origins<'a> {
    /// `path` tells what relative imports are relative to.
    pub(super) fn of(module: &'a Module, path: &'a str) -> Self {
        let imported = module.imports().map(|import| import.local).collect();
        let roots = module.imports().map(|import| import.target.first()).collect();
        Self { module, path, imported, roots }
    }

    /// A builtin that the file does not bind anew.
    pub(super) fn is_builtin(&self, name: &str) -> bool {
        self.module.index().bindings(name).is_empty()
    }

    /// A builtin, or a name that stands in the canonical form as what it is imported from.
    pub(super) fn is_plain(&self, name: &str) -> bool {
        self.is_builtin(name) || (self.imported.contains(name) && self.is_bound_once(name))
    }

    /// A name that stands for one thing in all of the file: then its import can be read off its uses.
    pub(super) fn is_bound_once(&self, local: &str) -> bool {
        self.module.qualified(&name(local, TextRange::default())).is_some()
    }

    /// What a dotted name is imported from; `None` where it is no import. `old = post.slug` is none: what it stands for
    /// may change behind it.
    pub(super) fn target(&self, expr: &Expr) -> Option<String> {
        let target = self.module.qualified(expr).filter(|target| self.roots.contains(target.first()))?;
        let target = short_path(self.absolute(target.to_string()));
        // `import a.b` is spelled as it is, and yet `a.b.c` is a name and no attribute.
        (target != normalised_expr(expr) || root(expr).is_some_and(|n| self.imported.contains(n)))
            .then_some(target)
    }

    /// `..fields.Slug` in `blog/migrations/0001.py` is `blog.fields.Slug`.
    fn absolute(&self, target: String) -> String {
        let rest = target.trim_start_matches('.');
        let dots = target.len() - rest.len();
        if dots == 0 {
            return target;
        }
        let mut package = folder(self.path);
        (1..dots).for_each(|_| package = folder(package));
        let package = package.replace('/', ".");
        if package.is_empty() { rest.to_owned() } else { format!("{package}.{rest}") }
    }
}

/// The path that Django documents, of the several that lead to the same thing.
fn short_path(target: String) -> String {
    const SAME: [(&str, &[&str]); 4] = [
        (
            "django.db.models",
            &[
                "deletion",
                "fields",
                "fields.related",
                "fields.json",
                "fields.files",
                "base",
                "query_utils",
                "indexes",
                "constraints",
            ],
        ),
        (
            "django.db.migrations",
            &["operations", "operations.fields", "operations.models", "operations.special", "migration"],
        ),
        ("django.contrib.postgres.fields", &["jsonb", "array", "citext", "hstore", "ranges"]),
        ("django.contrib.gis.db.models", &["fields"]),
    ];
    let Some((module, last)) = target.rsplit_once('.') else { return target };
    for (short, longer) in SAME {
        let inner = module.strip_prefix(short).and_then(|rest| rest.strip_prefix('.'));
        if inner.is_some_and(|inner| longer.contains(&inner)) {
            return format!("{short}.{last}");
        }
    }
    target
}

/// `a` of `a.b.c`.
fn root(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => root(&attribute.value),
        _ => None,
    }
}
