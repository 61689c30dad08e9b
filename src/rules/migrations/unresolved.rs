//! Relations to models of apps that the migration does not come behind.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange};

use crate::model::finding::{Finding, Fix, FixSafety, NodeText, Place, code};
use crate::project::django::apps::MigrationName;
use crate::project::django::settings::Settings;
use crate::project::migrations::contrib;
use crate::project::migrations::loaded::File;
use crate::project::migrations::migration::{Operation, Position};
use crate::rules::{Context, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Module, string};

use super::graphs::{Touched, USER_MODEL};
use super::listing::{with_one_more, written};

/// A model that a relation leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// `"orders.Order"`
    Model(String, String),
    /// `settings.AUTH_USER_MODEL`
    UserModel,
}

pub(super) fn found(
    rule: &Rule,
    context: &Context<'_>,
    touched: &Touched,
) -> Result<Vec<Finding>, NotLoaded> {
    let changed: BTreeSet<&str> = context.files().map(|file| file.path).collect();
    let own = touched.apps.iter().filter(|app| touched.is_known_app(&app.label));
    let own = own.flat_map(|app| touched.loaded.of_app(&app.label));
    let own = own.filter(|(_, file)| changed.contains(file.path.as_str()));
    let judged = own.map(|(name, file)| of_migration(rule, context, touched, name, file));
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

fn of_migration(
    rule: &Rule,
    context: &Context<'_>,
    touched: &Touched,
    name: &MigrationName,
    file: &File,
) -> Result<Vec<Finding>, NotLoaded> {
    let graph = &touched.loaded.graph;
    let reach = graph.reach(name);
    // What nobody knows may lead there, and what is missing or goes round is told already.
    if !graph.has(name)
        || reach.is_open
        || reach.names.iter().any(|before| !graph.has(before) || *before == name)
    {
        return Ok(Vec::new());
    }
    let Some(source) = context.here.whole_migration(&file.path)? else { return Ok(Vec::new()) };
    let mut seen = BTreeMap::new();
    for operation in source.operations().iter().filter(|o| o.is_here() && o.position == Position::Plain) {
        for (target, range) in relations(operation) {
            seen.entry(target).or_insert(range);
        }
    }
    let settings = context.here.fact::<Settings>(&())?;
    let mut found = Vec::new();
    for (target, range) in seen {
        let (app, model) = match &target {
            Target::Model(app, model) => (app.clone(), model.clone()),
            Target::UserModel => {
                match settings.model(USER_MODEL, &touched.roots).as_deref().and_then(|m| m.split_once('.')) {
                    Some((app, model)) => (app.to_owned(), model.to_owned()),
                    None => continue,
                }
            }
        };
        let is_reached = app == name.app || reach.names.iter().any(|before| before.app == app);
        if is_reached || touched.loaded.is_unknown(&app) || !touched.is_known_app(&app) {
            continue;
        }
        let Some(creator) = creator(context, touched, &app, &model)? else { continue };
        let module = source.migration().module();
        let place = Place::Head { path: file.path.clone(), span: module.span(&range) };
        let full = format!("{app}.{model}");
        let headline = format!(
            "{} leads to {}, and depends on no migration of {}",
            code(&name.to_string()),
            code(&full),
            code(&app)
        );
        let consequence = format!(
            "On an empty database {} stops with {}.",
            code(&format!("migrate {}", name.app)),
            code(&format!("ValueError: Related model '{app}.{}' cannot be resolved", model.to_lowercase()))
        );
        let node = NodeText::Open(full);
        let fix = mended(touched, module, name, &target, &creator);
        found.push(rule.finding(place, name.to_string(), node, headline, consequence).with_fix(fix));
    }
    Ok(found)
}

fn mended(
    touched: &Touched,
    module: &Module,
    name: &MigrationName,
    target: &Target,
    creator: &MigrationName,
) -> Fix {
    if touched.loaded.closes_circle(name, creator) {
        return Fix::text(format!(
            "{} depends on this one: put the relation into a new migration behind both.",
            code(&creator.to_string())
        ));
    }
    let entry = match target {
        Target::Model(..) => written(creator),
        Target::UserModel => Some(format!("migrations.swappable_dependency(settings.{USER_MODEL})")),
    };
    let text = format!("{} makes it: depend on that.", code(&creator.to_string()));
    match entry.and_then(|entry| with_one_more(module, &entry)) {
        Some(edit) => Fix { safety: FixSafety::Ask, text, edits: vec![edit] },
        None => Fix::text(text),
    }
}

/// The migration that makes a model; `None` when none is found.
fn creator(
    context: &Context<'_>,
    touched: &Touched,
    app: &str,
    model: &str,
) -> Result<Option<MigrationName>, NotLoaded> {
    let files: Vec<_> = touched.loaded.of_app(app).collect();
    if files.is_empty() {
        // Django's own apps make all their models with the first.
        let first = contrib::names(app).and_then(|names| names.first());
        return Ok(first.map(|first| MigrationName { app: app.to_owned(), name: (*first).to_owned() }));
    }
    let read = files.iter().map(|(name, file)| Ok((*name, context.here.whole_migration(&file.path)?)));
    let makes = |operation: &Operation<'_>| {
        let named = match operation.django_kind() {
            Some("CreateModel") => operation.text("name", 0),
            Some("RenameModel") => operation.text("new_name", 1),
            _ => None,
        };
        named.is_some_and(|name| name.eq_ignore_ascii_case(model))
    };
    let making = NotLoaded::all(read)?.into_iter().find(|(name, source)| {
        touched.loaded.graph.has(name)
            && source.as_ref().is_some_and(|source| source.operations().iter().any(makes))
    });
    Ok(making.map(|(name, _)| name.clone()))
}

/// The relations to other models by name that an operation makes.
fn relations(operation: &Operation<'_>) -> Vec<(Target, TextRange)> {
    let field = |expr: &Expr| expr.as_call_expr().and_then(|call| relation(operation.module, call));
    match operation.django_kind() {
        Some("CreateModel") => {
            let pairs = operation.argument("fields", 1).map_or(&[][..], elements);
            pairs.iter().filter_map(|pair| field(elements(pair).get(1)?)).collect()
        }
        Some("AddField" | "AlterField") => {
            operation.argument("field", 2).and_then(field).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn relation(module: &Module, call: &ExprCall) -> Option<(Target, TextRange)> {
    let callee = module.qualified(&call.func)?;
    let is_relation = matches!(callee.last(), "ForeignKey" | "OneToOneField" | "ManyToManyField");
    if !is_relation || !callee.to_string().starts_with("django.db.models.") {
        return None;
    }
    let to = call.arguments.find_argument_value("to", 0)?;
    let target = match to {
        Expr::Attribute(_) => {
            let is_setting =
                module.qualified(to)?.to_string() == format!("django.conf.settings.{USER_MODEL}");
            is_setting.then_some(Target::UserModel)?
        }
        _ => {
            let (app, model) = string(to)?.split_once('.')?;
            Target::Model(app.to_owned(), model.to_owned())
        }
    };
    Some((target, to.range()))
}

fn elements(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => &[],
    }
}
