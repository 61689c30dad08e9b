//! `DATABASES` as it is written.

use ruff_python_ast::Expr;

use crate::project::django::settings_module::{Setting, assigned};
use crate::syntax::python::{Module, string, walk_expr};

/// The displays of databases in a settings module: the alias and its display.
pub(super) fn displays<'a>(module: &'a Module) -> Vec<(&'a str, &'a Expr)> {
    let of_setting = |setting: Setting<'a>| match setting.name {
        "DATABASES" => entries(setting.value),
        _ => Vec::new(),
    };
    assigned(module).flat_map(of_setting).filter(|(_, display)| display.is_dict_expr()).collect()
}

/// The keys of a display with their values.
pub(super) fn entries(expr: &Expr) -> Vec<(&str, &Expr)> {
    let items = expr.as_dict_expr().map(|dict| dict.items.as_slice()).unwrap_or_default();
    items.iter().filter_map(|item| Some((string(item.key.as_ref()?)?, &item.value))).collect()
}

/// All constant texts of an expression.
pub(super) fn texts(expr: &Expr) -> Vec<&str> {
    let mut found = Vec::new();
    walk_expr(expr, &mut |part| found.extend(string(part)));
    found
}
