use std::collections::BTreeSet;

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::model_field::{FieldClass, ModelField};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{has_unpacking, string, walk_expr};

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
    let named = named_in_constraints(model);
    for field in model.fields() {
        let is_file = field.is(&FILES);
        let can_be_null = field.is_true("null") && (is_file || field.is(&TEXTS));
        if can_be_null && !has_reason(field, named.as_ref()) && !is_converted(model, field)? {
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
        true => {
            "Django writes an empty text where there is no file: `NULL` never gets there, and a query for it finds nothing."
        }
        false => {
            "It has two empty values, `NULL` and the empty text: a query for one misses the rows with the other."
        }
    };
    let said =
        out.say(&null.unwrap_or(field.at), path, "null=True", headline, consequence).because_of(field.call);
    match is_file {
        true => said.advice().fix("Write `blank=True` alone."),
        false => said.fix(
            "Write `blank=True, default=\"\"`; where rows hold `NULL` already, a data migration empties them first.",
        ),
    };
}

/// Needs the field its `NULL`, because two empty texts would clash or a constraint speaks of it, or can that not be seen?
fn has_reason(field: &ModelField<'_>, named: Option<&BTreeSet<&str>>) -> bool {
    let is_false = |value: &Expr| value.as_boolean_literal_expr().is_some_and(|value| !value.value);
    matches!(field.class, FieldClass::Foreign { .. })
        || field.may_have_more()
        || REASONS.iter().any(|reason| field.argument(reason).is_some_and(|value| !is_false(value)))
        || named.is_none_or(|named| named.contains(field.name))
}

/// What its constraints speak of: `fields=["slug"]`, `Lower("slug")`, `Q(slug__isnull=True)`. `None` where they are not
/// all written here.
fn named_in_constraints<'a>(model: &Model<'a>) -> Option<BTreeSet<&'a str>> {
    let mut names = BTreeSet::new();
    let mut is_known = true;
    for option in ["unique_together", "constraints"].iter().filter_map(|option| model.own_option(option)) {
        is_known &= matches!(option, Expr::List(_) | Expr::Tuple(_));
        walk_expr(option, &mut |expr| match expr {
            Expr::Call(call) => {
                let keywords = call.arguments.keywords.iter();
                let arguments =
                    keywords.filter_map(|keyword| keyword.arg.as_ref()?.as_str().split("__").next());
                names.extend(arguments);
                is_known &= !has_unpacking(&call.arguments);
            }
            Expr::Starred(_) => is_known = false,
            other => names.extend(string(other).map(|text| text.trim_start_matches('-'))),
        });
    }
    is_known.then_some(names)
}

/// Has the field's class methods of its own, which may make one value of both?
fn is_converted(model: &Model<'_>, field: &ModelField<'_>) -> Result<bool, NotLoaded> {
    let FieldClass::Own { path, name, .. } = &field.class else { return Ok(false) };
    let Some(ancestry) = model.project.ancestry(path, name)? else { return Ok(true) };
    Ok(ancestry.own.iter().any(|class| {
        let body = class.class().map(|it| it.body);
        class.module.index().functions().iter().any(|function| Some(function.scope) == body)
    }))
}
