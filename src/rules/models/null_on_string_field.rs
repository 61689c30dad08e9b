use ruff_python_ast::{Expr, Keyword};
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::model_field::{FieldClass, ModelField};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{string, walk_expr};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD014,
    page: include_str!("null_on_string_field.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

const TEXTS: [&str; 10] = [
    "CharField",
    "TextField",
    "SlugField",
    "EmailField",
    "URLField",
    "FilePathField",
    "CommaSeparatedIntegerField",
    "CICharField",
    "CIEmailField",
    "CITextField",
];
const FILES: [&str; 2] = ["FileField", "ImageField"];

/// Arguments that make `NULL` the one empty value, or may.
const REASONS: [&str; 3] = ["unique", "primary_key", "db_default"];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if model.is_unmanaged() || model.is_proxy() {
        return Ok(());
    }
    for field in model.fields() {
        let is_file = field.is(&FILES);
        let can_be_null = field.is_true("null") && (is_file || field.is(&TEXTS));
        if can_be_null && !has_reason(model, field) && !is_converted(model, field)? {
            say(model, field, is_file, out);
        }
    }
    Ok(())
}

fn say(model: &Model<'_>, field: &ModelField<'_>, is_file: bool, out: &mut Report<'_>) {
    let path = model.path_of(field);
    let class = field.django().unwrap_or("CharField");
    let null = field.call.arguments.find_keyword("null").map(Ranged::range);
    let article = if class.starts_with(['E', 'I']) { "an" } else { "a" };
    let headline = format!("{} is {article} {class} with `null=True`", code(&path));
    let consequence = match is_file {
        true => "Django writes an empty text where there is no file: `NULL` never gets there, and a query for it finds nothing.",
        false => "It has two empty values, `NULL` and the empty text: a query for one misses the rows with the other.",
    };
    let said = out
        .say(&null.unwrap_or(field.at), path, "null=True", headline, consequence)
        .because_of(field.call);
    match is_file {
        true => said.advice().fix("Write `blank=True` alone."),
        false => said.fix(
            "Write `blank=True, default=\"\"`; where rows hold `NULL` already, a data migration empties them first.",
        ),
    };
}

/// Needs the field its `NULL`, because two empty texts would clash or a constraint speaks of it, or can that not be seen?
fn has_reason(model: &Model<'_>, field: &ModelField<'_>) -> bool {
    let is_false = |value: &Expr| value.as_boolean_literal_expr().is_some_and(|value| !value.value);
    matches!(field.class, FieldClass::Foreign { .. })
        || field.may_have_more()
        || REASONS.iter().any(|reason| field.argument(reason).is_some_and(|value| !is_false(value)))
        || ["unique_together", "constraints"]
            .iter()
            .any(|option| model.own_option(option).is_some_and(|value| speaks_of(value, field.name)))
}

/// `fields=["slug"]`, `Lower("slug")`, `Q(slug__isnull=True)`; what is not written there may speak of anything.
fn speaks_of(option: &Expr, name: &str) -> bool {
    let is_display = matches!(option, Expr::List(_) | Expr::Tuple(_));
    let is_named = |keyword: &Keyword| {
        keyword.arg.as_ref().is_none_or(|arg| arg.as_str().split("__").next() == Some(name))
    };
    let mut found = !is_display;
    walk_expr(option, &mut |expr| {
        found |= match expr {
            Expr::Call(call) => call.arguments.keywords.iter().any(is_named),
            Expr::Starred(_) => true,
            other => string(other).is_some_and(|text| text.trim_start_matches('-') == name),
        }
    });
    found
}

/// Has the field's class methods of its own, which may make one value of both?
fn is_converted(model: &Model<'_>, field: &ModelField<'_>) -> Result<bool, NotLoaded> {
    let FieldClass::Own { path, name, .. } = &field.class else { return Ok(false) };
    let Some(ancestry) = model.project.ancestry(path, name)? else { return Ok(true) };
    Ok(ancestry.own.iter().any(|class| {
        let index = class.module.index();
        let body = class.module.class(&class.name).and_then(|node| index.class_of(node)).map(|it| it.body);
        index.functions().iter().any(|function| Some(function.scope) == body)
    }))
}
