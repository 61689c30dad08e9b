use std::collections::BTreeSet;

use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{Edit, FixSafety, Severity, code};
use crate::project::django::model_field::{FieldClass, ModelField};
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::Folded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD020,
    page: include_str!("composite_index_style.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// An old option of `Meta`, and what took its place.
struct Old {
    option: &'static str,
    new: &'static str,
    class: &'static str,
    /// How its name ends.
    end: &'static str,
    /// How long its name may be.
    longest: usize,
}

/// https://github.com/django/django/blob/5.2/django/db/models/indexes.py: `max_name_length`
const INDEX: Old = Old { option: "index_together", new: "indexes", class: "Index", end: "_idx", longest: 30 };
/// PostgreSQL cuts names at 63 bytes.
const UNIQUE: Old = Old {
    option: "unique_together",
    new: "constraints",
    class: "UniqueConstraint",
    end: "_uniq",
    longest: 63,
};

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if let Some(statement) = given(model, INDEX.option) {
        let headline = format!("{} has `index_together`", code(model.name()));
        let consequence = "Django 5.1 refuses to load it: `TypeError: 'class Meta' got invalid attribute(s): \
                           index_together`.";
        let said = out
            .say(&statement.name, model.name(), INDEX.option, headline, consequence)
            .severity(Severity::Error)
            .because_of(&statement.whole);
        match newer(model, &INDEX, &statement) {
            Some(edit) => {
                let text = "Right if nothing else names the old index: `makemigrations` renames it.";
                said.edit(FixSafety::Ask, text, vec![edit])
            }
            None => said.fix("Write each group of fields as a `models.Index` with a name in `Meta.indexes`."),
        };
    }
    if let Some(statement) = given(model, UNIQUE.option) {
        let headline = format!("{} has `unique_together`", code(model.name()));
        let consequence =
            "Django keeps it for old code only: it has no name to tell in an error, and no condition.";
        let said = out
            .say(&statement.name, model.name(), UNIQUE.option, headline, consequence)
            .advice()
            .because_of(&statement.whole);
        match newer(model, &UNIQUE, &statement) {
            Some(edit) => {
                let text =
                    "`makemigrations` replaces the constraint; right if the table can be locked that long.";
                said.edit(FixSafety::Ask, text, vec![edit])
            }
            None => {
                said.fix("Write each group as a `models.UniqueConstraint` with a name in `Meta.constraints`.")
            }
        };
    }
    model.fields().iter().for_each(|field| check_field(model, field, out));
    Ok(())
}

/// An index that the field has without it.
fn check_field(model: &Model<'_>, field: &ModelField<'_>, out: &mut Report<'_>) {
    let FieldClass::Django(class) = field.class else { return };
    let is_unique = field.is_true("unique") || field.is_true("primary_key") || class == "OneToOneField";
    let has_index = is_unique || matches!(class, "ForeignKey" | "SlugField");
    let Some(keyword) = field.call.arguments.find_keyword("db_index") else { return };
    if !has_index || !field.is_true("db_index") || field.may_have_more() {
        return;
    }
    let path = model.path_of(field);
    let what = if is_unique { "a field with unique values" } else { class };
    let headline = format!("{} asks for an index that it has", code(&path));
    let consequence = format!("Django makes one for {what} anyway.");
    let said = out.say(keyword, path, "db_index=True", headline, consequence).advice().because_of(field.call);
    match model.file.take_argument(field.call, "db_index") {
        // Of a unique field Django notes the argument in the migrations.
        Some(edit) if is_unique => said.edit(
            FixSafety::Ask,
            "`makemigrations` writes a migration that changes no table.",
            vec![edit],
        ),
        Some(edit) => said.edit(FixSafety::Safe, "Drop `db_index=True`.", vec![edit]),
        None => said.fix("Drop `db_index=True`."),
    };
}

/// An option that holds something.
struct Statement {
    name: TextRange,
    whole: TextRange,
    groups: Option<Vec<Vec<String>>>,
}

fn given(model: &Model<'_>, option: &str) -> Option<Statement> {
    let meta = model.meta()?;
    let last = model.module.index().bindings_in(meta.body, option).last()?;
    let value = model.module.fold(last.value?);
    if matches!(&value, Folded::List { items, partial: false } if items.is_empty()) || value == Folded::None {
        return None;
    }
    Some(Statement { name: last.at, whole: last.statement, groups: groups(&value) })
}

/// `("a", "b")` is one group, `[("a", "b"), ("c", "d")]` are two.
fn groups(value: &Folded) -> Option<Vec<Vec<String>>> {
    let Folded::List { items, partial: false } = value else { return None };
    let names = |items: &[Folded]| items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    if items.iter().all(|item| item.as_str().is_some()) {
        return Some(vec![names(items)?]);
    }
    let group = |item: &Folded| match item {
        Folded::List { items, partial: false } => names(items),
        _ => None,
    };
    items.iter().map(group).collect()
}

/// The newer option in place of the old one, where the model has none yet.
fn newer(model: &Model<'_>, old: &Old, statement: &Statement) -> Option<Edit> {
    if model.is_abstract() || model.own_option(old.new).is_some() || !model.meta()?.node.bases().is_empty() {
        return None;
    }
    let class = model.module.imported_as("django.db.models", old.class)?;
    let column = model.module.span(&statement.whole).start.column as usize;
    let blanks = " ".repeat(column.checked_sub(1)?);
    let mut names = BTreeSet::new();
    let mut lines = String::new();
    for group in statement.groups.as_ref()? {
        let name = name(model.name(), group, old)?;
        let fields: Vec<String> = group.iter().map(|field| format!("\"{field}\"")).collect();
        lines += &format!("{blanks}    {class}(fields=[{}], name=\"{name}\"),\n", fields.join(", "));
        if !names.insert(name) {
            return None;
        }
    }
    let new = old.new;
    Some(model.file.replace(&statement.whole.range(), format!("{new} = [\n{lines}{blanks}]")))
}

/// `post_author_created_at_idx`
fn name(model: &str, fields: &[String], old: &Old) -> Option<String> {
    let whole = format!("{}_{}", model.to_lowercase(), fields.join("_"));
    if !whole.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || fields.is_empty() {
        return None;
    }
    let cut = whole.get(..old.longest - old.end.len()).unwrap_or(&whole).trim_end_matches('_');
    Some(format!("{cut}{}", old.end))
}
