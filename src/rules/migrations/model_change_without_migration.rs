use std::collections::{BTreeMap, BTreeSet};

use crate::model::catalogue;
use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::Project;
use crate::project::django::apps::{App, is_test_only, looks_like_migration};
use crate::project::python::role::is_test;
use crate::project::schema::written::{self, Written};
use crate::project::schema::{Drift, Replayed, Value, drift};
use crate::rules::look::code_with_others;
use crate::rules::{Against, Context, Judging, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::source::tree::file_name;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG013,
    page: include_str!("model_change_without_migration.md"),
    against: Against::MergeBase,
    looks: &[Look::Change(reading, check)],
};

/// Files with models that are read for one app.
const MAX_FILES: usize = 200;

fn reading(path: &str) -> Reading {
    code_with_others(path).max(crate::rules::look::migrations(path))
}

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let apps = touched(context)?;
    let findings = apps.iter().map(|(app, changed)| of_app(context, app, changed));
    Ok(NotLoaded::all(findings)?.into_iter().flatten().collect())
}

/// The apps whose models or migrations the change touches, with the changed files of each that hold models: the same on
/// both sides, or what was wrong before would be new.
fn touched(context: &Context<'_>) -> Result<Vec<(App, BTreeSet<String>)>, NotLoaded> {
    let kept = |path: &&str| path.ends_with(".py") && !(context.excluded)(path);
    let head: Vec<&str> =
        context.change.files.iter().filter_map(|file| file.head_path()).filter(kept).collect();
    let base = context.change.files.iter().filter_map(|file| file.base_path()).filter(kept);
    let paths: BTreeSet<&str> = head.iter().copied().chain(base).collect();
    let (moved, code): (Vec<&str>, Vec<&str>) =
        paths.into_iter().partition(|path| looks_like_migration(path));
    let read = code.into_iter().filter(|path| !is_test(path)).map(|path| {
        let holds = are_models(path) || (head.contains(&path) && imports_models(context.head, path)?);
        Ok(holds.then_some(path))
    });
    let held: Vec<&str> = NotLoaded::all(read)?.into_iter().flatten().collect();
    if held.is_empty() && moved.is_empty() {
        return Ok(Vec::new());
    }
    let apps = context.here.apps()?;
    let mut touched: BTreeMap<&str, (App, BTreeSet<String>)> = BTreeMap::new();
    let of_models = held.iter().filter_map(|path| Some((apps.around(path)?, Some(path))));
    let of_migrations = moved.iter().filter_map(|path| Some((apps.of_migration_file(path)?, None)));
    for (app, path) in of_models.chain(of_migrations) {
        if is_test_only(&format!("{}/x.py", app.migrations)) {
            continue;
        }
        let entry = touched.entry(&app.migrations).or_insert_with(|| (app.clone(), BTreeSet::new()));
        entry.1.extend(path.map(|path| (*path).to_owned()));
    }
    Ok(touched.into_values().collect())
}

/// Is a file one of models by its name?
fn are_models(path: &str) -> bool {
    file_name(path) == "models.py" || path.contains("/models/")
}

/// Could another file hold models? Whether it does, its bases tell, which may stand in other files.
fn imports_models(project: &Project, path: &str) -> Result<bool, NotLoaded> {
    let Some(module) = project.module(path)? else { return Ok(false) };
    Ok(module.imports().any(|import| import.target.is_in("django.db")))
}

fn of_app(context: &Context<'_>, app: &App, changed: &BTreeSet<String>) -> Result<Vec<Finding>, NotLoaded> {
    let tree = context.here.tree()?;
    let is_model_file = |path: &&str| {
        let below = path.strip_prefix(&*app.folder).map(|rest| rest.trim_start_matches('/'));
        below
            .is_some_and(|rest| rest == "models.py" || (rest.starts_with("models/") && rest.ends_with(".py")))
            && !(context.excluded)(path)
    };
    let usual = tree.under(&app.folder).filter(is_model_file);
    let paths: BTreeSet<&str> = usual.chain(changed.iter().map(String::as_str)).take(MAX_FILES).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    let replayed = context.here.fact::<Replayed>(app);
    let (replayed, written) =
        crate::source::snapshot::both(replayed, written::of_files(context.here, app, &paths))?;
    // Nobody knows what became of models through operations that nobody here understands.
    if context.judging == Judging::Head && replayed.unknown != unknown_before(context, app)? {
        return Ok(Vec::new());
    }
    let mut findings: Vec<Finding> = written
        .iter()
        .flat_map(|(name, model)| {
            let drifts = drift::of(model, replayed.tables.get(name));
            drifts.into_iter().map(|drift| finding(app, model, &drift))
        })
        .collect();
    if context.judging == Judging::Head {
        // A class may be there and be a model by a base that nobody here knows.
        let modules = NotLoaded::all(paths.iter().map(|path| context.here.module(path)))?;
        let is_there = |model: &str| modules.iter().flatten().any(|module| module.class(model).is_some());
        let gone = replayed.tables.iter();
        let gone = gone.filter(|(name, table)| !written.contains_key(*name) && !is_there(&table.name));
        for (_, table) in gone {
            let stood = NotLoaded::all(changed.iter().map(|path| stood(context, path, &table.name)))?;
            let path = changed.iter().zip(stood).find(|(_, stood)| *stood).map(|(path, _)| path);
            findings.extend(path.map(|path| removed(app, path, &table.name)));
        }
    }
    Ok(findings)
}

/// Did the file hold the model before the change?
fn stood(context: &Context<'_>, path: &str, model: &str) -> Result<bool, NotLoaded> {
    Ok(context.merge_base.module(path)?.is_some_and(|module| module.class(model).is_some()))
}

fn unknown_before(context: &Context<'_>, app: &App) -> Result<usize, NotLoaded> {
    let before = context.merge_base.apps()?;
    let known = before.iter().find(|known| known.label == app.label && known.migrations == app.migrations);
    known.map_or(Ok(0), |known| Ok(context.merge_base.fact::<Replayed>(known)?.unknown))
}

fn finding(app: &App, model: &Written, drift: &Drift) -> Finding {
    let name = &model.table.name;
    let of_field = |field: &str| code(&format!("{name}.{field}"));
    let at_field = |field: &str| *model.fields.get(field).unwrap_or(&model.at);
    let shown = |value: &Option<Value>| value.as_ref().map_or("nothing", Value::shown).to_owned();
    let (at, subject, what, headline) = match drift {
        Drift::ModelAdded => (
            model.at,
            name.clone(),
            "model".to_owned(),
            format!("No migration creates the table of model {}", code(name)),
        ),
        Drift::FieldAdded(field) => (
            at_field(field),
            format!("{name}.{field}"),
            "added".to_owned(),
            format!("No migration adds {}", of_field(field)),
        ),
        Drift::FieldRemoved(field) => (
            model.at,
            format!("{name}.{field}"),
            "removed".to_owned(),
            format!("{} is gone, and no migration removes it", of_field(field)),
        ),
        Drift::FieldClass(field, written, replayed) => (
            at_field(field),
            format!("{name}.{field}"),
            format!("class {written} {replayed}"),
            format!("{} is a {}, and a {} to its migrations", of_field(field), code(written), code(replayed)),
        ),
        Drift::Argument(field, argument, written, replayed) => (
            at_field(field),
            format!("{name}.{field}"),
            format!("{argument} {} {}", shown(written), shown(replayed)),
            differs(&of_field(field), argument, written.as_ref(), replayed.as_ref()),
        ),
        Drift::Option(option) => (
            model.at,
            name.clone(),
            format!("Meta.{option}"),
            format!("No migration tells of {} in {}", code(&format!("Meta.{option}")), code(name)),
        ),
        Drift::IndexAdded(index) | Drift::ConstraintAdded(index) => (
            model.at,
            name.clone(),
            format!("added {index}"),
            format!("No migration adds {} to {}", code(index), code(name)),
        ),
        Drift::IndexRemoved(index) | Drift::ConstraintRemoved(index) => (
            model.at,
            name.clone(),
            format!("removed {index}"),
            format!("{} is gone from {}, and no migration removes it", code(index), code(name)),
        ),
    };
    let place = Place::Head { path: model.path.clone(), span: at };
    let subject = format!("{}.{subject}", app.label);
    let found =
        RULE.finding(place, subject, NodeText::Open(what), headline, consequence(app, drift.is_certain()));
    let severity = if drift.is_certain() { Severity::Error } else { Severity::Warning };
    found.with_severity(severity).with_fix(fix(app))
}

fn differs(field: &str, argument: &str, written: Option<&Value>, replayed: Option<&Value>) -> String {
    match (written, replayed) {
        (Some(written), None) => {
            format!(
                "{field} has {}, which no migration says",
                code(&format!("{argument}={}", written.shown()))
            )
        }
        (None, Some(replayed)) => {
            format!("{field} has no {}, and its migrations say {}", code(argument), code(replayed.shown()))
        }
        _ => {
            let shown = |value: Option<&Value>| code(value.map_or("", Value::shown));
            format!(
                "{field} has {} {}, and {} in its migrations",
                code(argument),
                shown(written),
                shown(replayed)
            )
        }
    }
}

fn removed(app: &App, path: &str, model: &str) -> Finding {
    let headline = format!("Model {} is gone, and no migration deletes its table", code(model));
    let subject = format!("{}.{model}", app.label);
    let node = NodeText::Open("gone".to_owned());
    RULE.finding(Place::Path(path.to_owned()), subject, node, headline, consequence(app, true))
        .with_fix(fix(app))
}

fn consequence(app: &App, changes_tables: bool) -> String {
    let check = code(&format!("makemigrations --check {}", app.label));
    match changes_tables {
        true => format!(
            "{check} fails, and the database keeps what it had: queries that count on the model break there."
        ),
        false => format!("{check} fails, and the next migration that somebody makes brings this along."),
    }
}

fn fix(app: &App) -> Fix {
    Fix::text(format!(
        "Make the migration: {}.",
        code(&format!("python manage.py makemigrations {}", app.label))
    ))
}
