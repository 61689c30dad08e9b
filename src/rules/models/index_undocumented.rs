use ruff_python_ast::Expr;
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::code;
use crate::project::django::model_field::ModelField;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Folded, string};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD019,
    page: include_str!("index_undocumented.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

const CONSEQUENCE: &str =
    "Every write pays for an index; whoever wants to drop it has to find out what reads it.";

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if has_docstring_on_indexes(model) {
        return Ok(());
    }
    for field in model.fields().iter().filter(|field| has_own_index(field)) {
        let whole = field.at.cover(field.call.range());
        if !model.file.has_comment(&whole) {
            let at = field.call.arguments.find_keyword("db_index").map_or(field.at, Ranged::range);
            let path = model.path_of(field);
            let headline = format!("Nobody says which query the index on {} serves", code(&path));
            out.say(&at, path, "db_index=True", headline, CONSEQUENCE)
                .because_of(&whole)
                .fix("Name the query in a comment above the field.");
        }
    }
    check_meta(model, out);
    Ok(())
}

/// A comment above the whole list counts for all that is in it.
fn check_meta(model: &Model<'_>, out: &mut Report<'_>) {
    let Some(meta) = model.meta() else { return };
    let Some(list) = model.module.index().bindings_in(meta.body, "indexes").last() else { return };
    let Some(value) = list.value.filter(|_| !model.file.has_comment(&list.at)) else { return };
    let elements = match value {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return,
    };
    for index in elements.iter().filter_map(Expr::as_call_expr) {
        let name = model.module.qualified(&index.func);
        let is_index = name.as_ref().is_some_and(|name| {
            name.starts_with("django.db.models.") || name.starts_with("django.contrib.postgres.indexes.")
        });
        if !is_index || model.file.has_comment(index) {
            continue;
        }
        let fields = index.arguments.find_keyword("fields").map(|fields| model.module.fold(&fields.value));
        let fields = fields.map(|fields| fields.strings().join(", ")).filter(|fields| !fields.is_empty());
        let named = index.arguments.find_keyword("name").and_then(|name| string(&name.value));
        let Some(what) = fields.or(named.map(str::to_owned)) else { continue };
        let headline =
            format!("Nobody says which query the index of {} on {} serves", code(model.name()), code(&what));
        let at: TextRange = index.func.range();
        out.say(&at, model.name(), format!("index on {what}"), headline, CONSEQUENCE)
            .because_of(index)
            .fix("Name the query in a comment above it.");
    }
}

/// One that is there only because `db_index=True` asks for it.
fn has_own_index(field: &ModelField<'_>) -> bool {
    field.is_true("db_index")
        && field.relation().is_none()
        && !field.is(&["SlugField"])
        && !field.is_true("unique")
        && !field.is_true("primary_key")
}

fn has_docstring_on_indexes(model: &Model<'_>) -> bool {
    let first = model.node().body.first().and_then(|first| first.as_expr_stmt());
    let docstring = first.map(|first| model.module.fold(&first.value));
    matches!(docstring, Some(Folded::Str(text)) if text.to_lowercase().contains("index"))
}
