//! What a data migration's function does, as far as its text proves it.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, ExprCall};

use crate::syntax::python::{BindingKind, Dotted, Function, Module, ScopeId, walk_exprs};

use super::query_sets;

/// Functions that call functions.
const MAX_DEPTH: usize = 3;

/// Methods of a row, and of values in memory, that delete no row.
const HARMLESS_METHODS: &[&str] = &[
    "save",
    "add",
    "append",
    "extend",
    "items",
    "keys",
    "split",
    "rsplit",
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "capitalize",
    "replace",
    "join",
    "format",
    "startswith",
    "endswith",
    "encode",
    "decode",
    "sort",
    "index",
    "setdefault",
    "isoformat",
    "strftime",
    "total_seconds",
    "date",
    "time",
    "get_model",
    "get_for_model",
    "get_field",
    "zfill",
    "partition",
    "isdigit",
    "db_manager",
    "atomic",
];

/// Builtins without a lasting effect.
const BUILTINS: &[&str] = &[
    "print",
    "len",
    "range",
    "str",
    "int",
    "float",
    "bool",
    "list",
    "dict",
    "set",
    "tuple",
    "enumerate",
    "zip",
    "sorted",
    "reversed",
    "min",
    "max",
    "sum",
    "any",
    "all",
    "map",
    "filter",
    "isinstance",
    "getattr",
    "setattr",
    "hasattr",
    "next",
    "iter",
    "abs",
    "round",
    "repr",
    "type",
    "frozenset",
    "bytes",
    "ord",
    "chr",
    "format",
];

/// Modules whose functions do not touch the database.
const HARMLESS_MODULES: &[&str] = &[
    "uuid",
    "datetime",
    "json",
    "re",
    "random",
    "string",
    "collections",
    "itertools",
    "functools",
    "decimal",
    "math",
    "time",
    "logging",
    "hashlib",
    "secrets",
    "operator",
    "copy",
    "sys",
    "base64",
    "textwrap",
    "unicodedata",
    "django.utils",
    "django.db.models",
    "django.db.transaction",
    "django.contrib.auth.hashers",
    "django.db.utils",
    "django.core.exceptions",
    "tqdm",
];

/// Does the function surely delete nothing: it only reads, creates and updates rows of models from `apps.get_model`?
pub(super) fn only_writes(module: &Module, name: &str) -> bool {
    Functions { module, seen: BTreeSet::new() }.are_harmless(name, 0)
}

/// A function and those that it calls.
struct Functions<'m> {
    module: &'m Module,
    /// Each is read once.
    seen: BTreeSet<&'m str>,
}

impl Functions<'_> {
    fn are_harmless(&mut self, name: &str, depth: usize) -> bool {
        let index = self.module.index();
        let mut alike = index.functions_in(ScopeId::MODULE, name);
        let (Some(function), None) = (alike.next(), alike.next()) else { return false };
        if !self.seen.insert(function.node.name.as_str()) {
            return true;
        }
        if depth > MAX_DEPTH {
            return false;
        }
        let mut harmless = true;
        walk_exprs(&function.node.body, &mut |expr| {
            harmless = harmless
                && match expr {
                    Expr::Call(call) => self.is_harmless_call(call, function, depth),
                    Expr::Name(_) => is_harmless_name(self.module, expr),
                    Expr::Await(_) => false,
                    _ => true,
                };
        });
        harmless && !index.scope(function.body).statements.iter().any(|stmt| stmt.node.is_delete_stmt())
    }

    fn is_harmless_call(&mut self, call: &ExprCall, inside: &Function<'_>, depth: usize) -> bool {
        if self.module.qualified(&call.func).is_some_and(|name| is_harmless_import(&name)) {
            return true;
        }
        match &*call.func {
            Expr::Name(name) => {
                let name = name.id.as_str();
                is_model(self.module, inside, name)
                    || (self.module.function(name).is_none() && BUILTINS.contains(&name))
                    || self.are_harmless(name, depth + 1)
            }
            Expr::Attribute(method) => {
                let on_editor = method.value.as_name_expr().is_some_and(|n| n.id.as_str() == "schema_editor");
                let known = [query_sets::READS, query_sets::WRITES, HARMLESS_METHODS];
                !on_editor && known.iter().any(|methods| methods.contains(&method.attr.as_str()))
            }
            _ => false,
        }
    }
}

/// Is it a local name of what `apps.get_model(…)` gave?
fn is_model(module: &Module, function: &Function<'_>, name: &str) -> bool {
    let bindings = module.index().bindings_in(function.body, name).iter();
    bindings.filter(|binding| binding.kind == BindingKind::Assigned).any(|binding| {
        let callee =
            binding.value.and_then(Expr::as_call_expr).and_then(|call| call.func.as_attribute_expr());
        callee.is_some_and(|callee| callee.attr.as_str() == "get_model")
    })
}

/// A name that an import brings in must come from a module that cannot touch rows.
fn is_harmless_name(module: &Module, expr: &Expr) -> bool {
    module.qualified(expr).is_some_and(|name| {
        let imported = module.imports().any(|import| name.is_below(&import.target));
        !imported || is_harmless_import(&name)
    })
}

fn is_harmless_import(name: &Dotted<'_>) -> bool {
    HARMLESS_MODULES.iter().any(|known| name.is_in(known)) || *name == "django.db"
}
