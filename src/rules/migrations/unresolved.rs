//! Relations to models of apps that the migration does not come behind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    let open = own.map(|(name, file)| open_relations(context, touched, name, file));
    let open: Vec<Relation<'_>> = NotLoaded::all(open)?.into_iter().flatten().collect();
    let apps: BTreeSet<&str> = open.iter().map(|relation| relation.app.as_str()).collect();
    let creators = apps.into_iter().map(|app| Ok((app, creators(context, touched, app)?)));
    let creators: BTreeMap<&str, Creators> = NotLoaded::all(creators)?.into_iter().collect();
    let told = open.iter().filter_map(|relation| {
        let creator = creators.get(relation.app.as_str())?.of(&relation.model)?;
        Some(finding(rule, touched, relation, creator))
    });
    Ok(told.collect())
}

/// A relation of a migration that comes behind no migration of its app.
struct Relation<'a> {
    by: &'a MigrationName,
    path: &'a str,
    module: Arc<Module>,
    range: TextRange,
    target: Target,
    app: String,
    model: String,
}

fn open_relations<'a>(
    context: &Context<'_>,
    touched: &Touched,
    by: &'a MigrationName,
    file: &'a File,
) -> Result<Vec<Relation<'a>>, NotLoaded> {
    let Some(source) = context.here.whole_migration(&file.path)? else { return Ok(Vec::new()) };
    let mut seen = BTreeMap::new();
    for operation in source.operations().iter().filter(|o| o.is_here() && o.position == Position::Plain) {
        for (target, range) in relations(operation) {
            seen.entry(target).or_insert(range);
        }
    }
    seen.retain(|target, _| !matches!(target, Target::Model(app, _) if *app == by.app));
    let graph = &touched.loaded.graph;
    if seen.is_empty() || !graph.has(by) {
        return Ok(Vec::new());
    }
    // What nobody knows may lead there, and what is missing or goes round is told already.
    let reach = graph.reach(by);
    if reach.is_open || graph.is_broken(by) || reach.names.iter().any(|before| graph.is_broken(before)) {
        return Ok(Vec::new());
    }
    let reached: BTreeSet<&str> = reach.names.iter().map(|before| before.app.as_str()).collect();
    let settings = context.here.fact::<Settings>(&())?;
    let open = seen.into_iter().filter_map(|(target, range)| {
        let (app, model) = match &target {
            Target::Model(app, model) => (app.clone(), model.clone()),
            Target::UserModel => {
                let model = settings.model(USER_MODEL, &touched.roots)?;
                let (app, model) = model.split_once('.')?;
                (app.to_owned(), model.to_owned())
            }
        };
        let is_open = app != by.app
            && !reached.contains(app.as_str())
            && !touched.loaded.is_unknown(&app)
            && touched.is_known_app(&app);
        let module = source.migration().module().clone();
        is_open.then(|| Relation { by, path: &file.path, module, range, target, app, model })
    });
    Ok(open.collect())
}

fn finding(rule: &Rule, touched: &Touched, relation: &Relation<'_>, creator: &MigrationName) -> Finding {
    let Relation { by, path, module, range, app, model, .. } = relation;
    let place = Place::Head { path: (*path).to_owned(), span: module.span(range) };
    let full = format!("{app}.{model}");
    let headline = format!(
        "{} leads to {}, and depends on no migration of {}",
        code(&by.to_string()),
        code(&full),
        code(app)
    );
    let consequence = format!(
        "On an empty database {} stops with {}.",
        code(&format!("migrate {}", by.app)),
        code(&format!("ValueError: Related model '{app}.{}' cannot be resolved", model.to_lowercase()))
    );
    rule.finding(place, by.to_string(), NodeText::Open(full), headline, consequence)
        .with_fix(mended(touched, relation, creator))
}

fn mended(touched: &Touched, relation: &Relation<'_>, creator: &MigrationName) -> Fix {
    if touched.loaded.graph.reach(creator).names.contains(relation.by) {
        return Fix::text(format!(
            "{} depends on this one: put the relation into a new migration behind both.",
            code(&creator.to_string())
        ));
    }
    let entry = match relation.target {
        Target::Model(..) => written(creator),
        Target::UserModel => Some(format!("migrations.swappable_dependency(settings.{USER_MODEL})")),
    };
    let text = format!("{} makes it: depend on that.", code(&creator.to_string()));
    match entry.and_then(|entry| with_one_more(&relation.module, &entry)) {
        Some(edit) => Fix { safety: FixSafety::Ask, text, edits: vec![edit] },
        None => Fix::text(text),
    }
}

/// The migrations of an app that make its models, by the models' names in lower case.
enum Creators {
    Own(BTreeMap<String, MigrationName>),
    /// Django's own apps make all theirs with the first.
    Django(MigrationName),
}

impl Creators {
    fn of(&self, model: &str) -> Option<&MigrationName> {
        match self {
            Self::Own(creators) => creators.get(&model.to_lowercase()),
            Self::Django(first) => Some(first),
        }
    }
}

fn creators(context: &Context<'_>, touched: &Touched, app: &str) -> Result<Creators, NotLoaded> {
    let files = touched.loaded.of_app(app).filter(|(name, _)| touched.loaded.graph.has(name));
    let read = files.map(|(name, file)| Ok((name, context.here.whole_migration(&file.path)?)));
    let read = NotLoaded::all(read)?;
    if let ([], Some([first, ..])) = (&read[..], contrib::names(app)) {
        return Ok(Creators::Django(MigrationName { app: app.to_owned(), name: (*first).to_owned() }));
    }
    let mut creators = BTreeMap::new();
    for (name, source) in &read {
        for operation in source.iter().flat_map(|source| source.operations()) {
            let made = match operation.django_kind() {
                Some("CreateModel") => operation.text("name", 0),
                Some("RenameModel") => operation.text("new_name", 1),
                _ => None,
            };
            creators.extend(made.map(|made| (made.to_lowercase(), (*name).clone())));
        }
    }
    Ok(Creators::Own(creators))
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
