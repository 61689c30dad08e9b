//! A call in a migration with its arguments by name.

use ruff_python_ast::{Expr, ExprCall};

use crate::model::finding::code;
use crate::syntax::python::{normalised_expr, string};

use super::wording::short;

/// Parameters of Django's operations in order.
const SIGNATURES: [(&str, &[&str]); 22] = [
    ("CreateModel", &["name", "fields", "options", "bases", "managers"]),
    ("DeleteModel", &["name"]),
    ("RenameModel", &["old_name", "new_name"]),
    ("AlterModelTable", &["name", "table"]),
    ("AlterModelTableComment", &["name", "table_comment"]),
    ("AlterUniqueTogether", &["name", "unique_together"]),
    ("AlterIndexTogether", &["name", "index_together"]),
    ("AlterOrderWithRespectTo", &["name", "order_with_respect_to"]),
    ("AlterModelOptions", &["name", "options"]),
    ("AlterModelManagers", &["name", "managers"]),
    ("AddIndex", &["model_name", "index"]),
    ("RemoveIndex", &["model_name", "name"]),
    ("RenameIndex", &["model_name", "new_name", "old_name", "old_fields"]),
    ("AddConstraint", &["model_name", "constraint"]),
    ("RemoveConstraint", &["model_name", "name"]),
    ("AddField", &["model_name", "name", "field", "preserve_default"]),
    ("RemoveField", &["model_name", "name"]),
    ("AlterField", &["model_name", "name", "field", "preserve_default"]),
    ("RenameField", &["model_name", "old_name", "new_name"]),
    ("RunPython", &["code", "reverse_code", "atomic", "hints", "elidable"]),
    ("RunSQL", &["sql", "reverse_sql", "state_operations", "hints", "elidable"]),
    ("SeparateDatabaseAndState", &["database_operations", "state_operations"]),
];

/// Arguments of operations that mean the same as none.
const OPERATION_DEFAULTS: [(&str, &str); 10] = [
    ("preserve_default", "True"),
    ("options", "{}"),
    ("bases", "django.db.models.Model,"),
    ("managers", "()"),
    ("hints", "None"),
    ("elidable", "False"),
    ("state_operations", "()"),
    ("database_operations", "()"),
    ("reverse_code", "None"),
    ("reverse_sql", "None"),
];

/// What a field has when nothing is said.
const FIELD_DEFAULTS: [(&str, &str); 4] =
    [("null", "False"), ("unique", "False"), ("primary_key", "False"), ("blank", "False")];

/// An operation or a field. Arguments that say what nothing says are left out.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub call: &'a ExprCall,
    pub callee: String,
    arguments: Vec<(String, &'a Expr)>,
}

impl<'a> Call<'a> {
    pub(super) fn operation(expr: &'a Expr) -> Option<Self> {
        let call = expr.as_call_expr()?;
        let callee = normalised_expr(&call.func);
        let kind = last(&callee);
        let names = SIGNATURES.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, names)| *names);
        Some(Self::read(call, callee, names, &OPERATION_DEFAULTS))
    }

    pub(super) fn field(call: &'a ExprCall) -> Self {
        let callee = normalised_expr(&call.func);
        let names: &[&str] = match last(&callee) {
            "ForeignKey" | "OneToOneField" => &["to", "on_delete"],
            "ManyToManyField" => &["to"],
            _ if callee.starts_with("django.db.models.") => &["verbose_name"],
            _ => &[],
        };
        Self::read(call, callee, names, &FIELD_DEFAULTS)
    }

    fn read(call: &'a ExprCall, callee: String, names: &[&str], defaults: &[(&str, &str)]) -> Self {
        let positional = call.arguments.args.iter().enumerate();
        let positional = positional.map(|(i, e)| {
            (names.get(i).map_or_else(|| format!("argument {}", i + 1), |n| (*n).to_owned()), e)
        });
        let keywords = call.arguments.keywords.iter().map(|keyword| {
            (keyword.arg.as_ref().map_or_else(|| "**".to_owned(), |n| n.to_string()), &keyword.value)
        });
        let given = positional.chain(keywords).filter(|(name, value)| {
            !defaults.iter().any(|(n, default)| n == name && normalised_expr(value) == *default)
        });
        let arguments = given.collect();
        Self { call, callee, arguments }
    }

    pub(super) fn kind(&self) -> &str {
        last(&self.callee)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Expr> {
        self.arguments.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(|(name, _)| name.as_str())
    }

    /// `post.lang`, `Post`, `fill`.
    pub(super) fn subject(&self) -> String {
        let text =
            |name: &str| self.get(name).map(|e| string(e).map_or_else(|| normalised_expr(e), str::to_owned));
        match (text("model_name"), text("name").or_else(|| text("old_name")), text("code")) {
            (Some(model), Some(name), _) => format!("{model}.{name}"),
            (Some(model), None, _) => model,
            (None, Some(name), _) => name,
            (None, None, Some(code)) => code.replace("django.db.migrations.", "migrations."),
            _ => String::new(),
        }
    }
}

/// `AddField(post.lang)`, `RunPython(fill)`.
pub(super) fn describe(expr: &Expr) -> String {
    let Some(call) = Call::operation(expr) else { return short(expr) };
    let subject = call.subject();
    code(&if subject.is_empty() { call.kind().to_owned() } else { format!("{}({subject})", call.kind()) })
}

/// The last part of a dotted name.
fn last(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}
