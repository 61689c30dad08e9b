use std::collections::BTreeMap;

use crate::model::catalogue;
use crate::model::finding::{FixSafety, Severity, code};
use crate::project::django::model_field::{ModelField, RelationKind};
use crate::project::django::relation::TakenNames;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;
use crate::syntax::english;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD007,
    page: include_str!("missing_related_name.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let lacking: Vec<_> = model.fields().iter().filter(|field| lacks(model, field)).collect();
    if lacking.is_empty() || model.option("default_related_name")?.is_some() {
        return Ok(());
    }
    let taken = model.project.fact::<TakenNames>(model.path)?;
    let ways = ways(model);
    for field in lacking {
        let path = model.path_of(field);
        let target = model.target(field).unwrap_or("the other model");
        let way = model.default_way_back(field);
        let is_free = |name: &String| *name == way || !taken.has(target, name);
        let name = name(model, field).filter(|name| ways.get(target) == Some(&1) && is_free(name));
        let said = out
            .say(
                &field.at,
                &path,
                "no related_name",
                format!("{} has no `related_name`", code(&path)),
                consequence(model, target, &way),
            )
            .because_of(field.call)
            .severity(severity(field));
        let edit = name
            .as_ref()
            .and_then(|name| model.file.add_argument(field.call, &format!("related_name=\"{name}\"")));
        match edit {
            Some(edit) => said.edit(
                FixSafety::Ask,
                format!(
                    "Right if nothing uses {} and nothing else on {} has that name; `makemigrations` writes it down, no table changes.",
                    code(&way),
                    code(target),
                ),
                vec![edit],
            ),
            None => said.fix(advice(model, field, target)),
        };
    }
    Ok(())
}

fn lacks(model: &Model<'_>, field: &ModelField<'_>) -> bool {
    let Some(relation) = field.relation() else { return false };
    // Between equals there is no way back: https://docs.djangoproject.com/en/5.2/ref/models/fields/#django.db.models.ManyToManyField.symmetrical
    let is_symmetrical = relation == RelationKind::ManyToMany
        && model.leads_to_itself(field)
        && field.argument("symmetrical").is_none_or(|_| field.is_true("symmetrical"));
    !is_symmetrical
        && !field.may_have_more()
        && field.argument("related_name").is_none()
        && field.argument("parent_link").is_none()
}

fn severity(field: &ModelField<'_>) -> Severity {
    match field.relation() {
        Some(RelationKind::ManyToMany) => Severity::Advice,
        // The name that it gets by itself is right, only run together: `userprofile`.
        Some(RelationKind::OneToOne) => Severity::Warning,
        _ => Severity::Error,
    }
}

fn consequence(model: &Model<'_>, target: &str, way: &str) -> String {
    let clash = "a second such relation between the two stops `check` with `fields.E304`";
    if model.is_abstract() {
        return format!(
            "Each model that derives from it gets a name on {} by itself; {clash}.",
            code(target)
        );
    }
    format!("{} reaches its rows as {}; {clash}.", code(target), code(way))
}

/// How many relations of the model lead to each target.
fn ways<'a>(model: &Model<'a>) -> BTreeMap<&'a str, usize> {
    let mut ways = BTreeMap::new();
    let relations = model.fields().iter().filter(|field| field.relation().is_some());
    for target in relations.filter_map(|field| model.target(field)) {
        *ways.entry(target).or_default() += 1;
    }
    ways
}

/// What the rows of the model are to the other one; `None` where many models share the field.
fn name(model: &Model<'_>, field: &ModelField<'_>) -> Option<String> {
    match field.relation() {
        _ if model.is_abstract() => None,
        Some(RelationKind::OneToOne) => Some(english::with_last(model.name(), str::to_owned)),
        _ => Some(english::plural_name(model.name())),
    }
}

fn advice(model: &Model<'_>, field: &ModelField<'_>, target: &str) -> String {
    if model.is_abstract() {
        return "Write `related_name=\"%(app_label)s_%(class)s_set\"`: each model that derives from it gets its own.".into();
    }
    let one = field.relation() == Some(RelationKind::OneToOne);
    let noun = if one { "the row is" } else { "the rows are" };
    format!("Write `related_name=` with what {noun} to {} by {}.", code(target), code(field.name))
}
