//! A model's table: columns, options, the names of its indexes and constraints.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::Expr;

use crate::source::NotLoaded;
use crate::syntax::python::string;

use super::column::Column;
use super::value::{Place, Value};

/// One model, as a class or as migrations leave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// As it is written: `BlogPost`.
    pub name: String,
    pub columns: BTreeMap<String, Column>,
    /// Those of `Meta` that migrations record, without such as say what holds anyway.
    pub options: BTreeMap<String, Value>,
    pub indexes: Named,
    pub constraints: Named,
    /// `managed = False` or `proxy = True`: only whether it exists is compared.
    pub is_bare: bool,
}

/// Indexes or constraints that have a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    pub names: BTreeSet<String>,
    /// There are some without a name that the text tells.
    pub has_more: bool,
}

/// Options of `Meta` that a migration records.
/// https://github.com/django/django/blob/5.2/django/db/migrations/operations/models.py: `AlterModelOptions`
pub(super) const ALTERED: [&str; 10] = [
    "verbose_name",
    "verbose_name_plural",
    "ordering",
    "permissions",
    "get_latest_by",
    "default_permissions",
    "default_related_name",
    "base_manager_name",
    "default_manager_name",
    "managed",
];

/// Those that have an operation of their own.
pub(super) const OWN: [&str; 4] = ["db_table", "unique_together", "index_together", "db_table_comment"];

impl Table {
    /// Takes in one option, in the form in which it is compared.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        let value = match name {
            "unique_together" | "index_together" => together(value),
            _ => value,
        };
        let says_nothing = matches!(&value, Value::Literal(text)
            if matches!(text.as_str(), "None" | "[]" | "{}") || (name == "managed" && text == "True")
                || (name == "default_permissions" && text == "[\"add\", \"change\", \"delete\", \"view\"]"));
        if says_nothing {
            self.options.remove(name);
        } else {
            self.options.insert(name.to_owned(), value);
        }
    }
}

/// One tuple stands for a list of it, and the order of several says nothing.
fn together(value: Value) -> Value {
    let Value::Literal(text) = value else { return value };
    let Some(inner) = text.get(1..text.len().saturating_sub(1)) else { return Value::Unknown };
    if !inner.starts_with('[') {
        return Value::Literal(if inner.is_empty() { "[]".to_owned() } else { format!("[[{inner}]]") });
    }
    let mut groups: Vec<&str> = inner.split("], [").map(|group| group.trim_matches(['[', ']'])).collect();
    groups.sort_unstable();
    Value::Literal(format!("[[{}]]", groups.join("], [")))
}

impl Place<'_> {
    /// The names in `[models.Index(fields=[…], name="…"), …]`.
    pub(super) fn named(self, expr: &Expr) -> Named {
        let elements = match expr {
            Expr::List(list) => list.elts.as_slice(),
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            _ => return Named { has_more: true, ..Named::default() },
        };
        let mut named = Named::default();
        for element in elements {
            match self.name_of(element) {
                Some(name) => drop(named.names.insert(name)),
                None => named.has_more = true,
            }
        }
        named
    }

    /// The name of one index or constraint; one that is made of the class's name is not told.
    pub(super) fn name_of(self, element: &Expr) -> Option<String> {
        let call = element.as_call_expr()?;
        let name = string(&call.arguments.find_keyword("name")?.value)?;
        (!name.contains('%')).then(|| name.to_owned())
    }

    /// Reads `{"db_table": "x", …}` or any other option by its value.
    pub(super) fn option(self, table: &mut Table, name: &str, expr: &Expr) -> Result<(), NotLoaded> {
        let is_flag = |flag| expr.as_boolean_literal_expr().is_some_and(|value| value.value == flag);
        match name {
            "indexes" => table.indexes = self.named(expr),
            "constraints" => table.constraints = self.named(expr),
            "proxy" => table.is_bare |= is_flag(true),
            _ => {
                table.is_bare |= name == "managed" && is_flag(false);
                if ALTERED.contains(&name) || OWN.contains(&name) {
                    table.set(name, self.value(expr)?);
                }
            }
        }
        Ok(())
    }
}
