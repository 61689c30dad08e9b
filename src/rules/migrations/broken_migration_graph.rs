use std::collections::{BTreeMap, BTreeSet};

use ruff_text_size::TextRange;

use crate::model::catalogue;
use crate::model::change::Path;
use crate::model::finding::{Edit, Finding, Fix, FixSafety, NodeText, Place, code};
use crate::project::django::apps::{App, MigrationName};
use crate::project::migrations::contrib;
use crate::project::migrations::graph::{Graph, Node};
use crate::rules::{Against, Context, Look, Rule, look};
use crate::source::{NotLoaded, snapshot::both};
use crate::syntax::python::{Module, SyntaxFault};

use super::changes::touched_apps;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MIG009,
    page: include_str!("broken_migration_graph.md"),
    against: Against::TargetTip,
    looks: &[Look::Change(look::migrations, check)],
};

fn check(context: &Context<'_>) -> Result<Vec<Finding>, NotLoaded> {
    let apps = touched_apps(context)?;
    let judged = apps.iter().map(|app| judge(context, app));
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

fn judge(context: &Context<'_>, app: &App) -> Result<Vec<Finding>, NotLoaded> {
    let graph = Graph::of(context.here, std::slice::from_ref(app))?;
    let mut found = Vec::new();
    if graph.nodes().next().is_none() {
        return Ok(found);
    }
    found.extend(package(context, app, &graph)?);
    found.extend(files(context, app)?);
    found.extend(cycle(&graph));
    for node in graph.nodes() {
        for at in &node.migration.dependencies {
            if let Some(on) = at.dependency.migration()
                && is_missing(context, &graph, on, &node.path)?
            {
                found.push(missing(context, &graph, node, on, at.range)?);
            }
        }
    }
    Ok(found)
}

/// (a, c) Surely nowhere: not in the repository, where its app is, nor in Django. MIG002 speaks of deployed ones.
fn is_missing(
    context: &Context<'_>,
    graph: &Graph,
    name: &MigrationName,
    from: &str,
) -> Result<bool, NotLoaded> {
    if matches!(name.name.as_str(), "__first__" | "__latest__") || graph.knows(name) {
        return Ok(false);
    }
    let (apps, tree) = both(context.here.apps(), context.here.tree())?;
    let ours: Vec<App> = apps.labelled(&name.app, from).into_iter().cloned().collect();
    if ours.is_empty() {
        let nowhere = contrib::has(name).map_or_else(|| apps.has_no_more(from), |is_there| !is_there);
        let untold = nowhere && context.deployed(name, from)?.is_none();
        return Ok(untold && !context.here.is_ignored(name, from)?);
    }
    if ours.iter().any(|app| tree.contains(&format!("{}/{}.py", app.migrations, name.name))) {
        return Ok(false);
    }
    if Graph::of(context.here, &ours)?.knows(name) || context.here.is_ignored(name, from)? {
        return Ok(false);
    }
    // MIG002 speaks of a deployed one that is removed, but not where a squash is finished.
    Ok(context.deployed(name, from)?.is_none() || squash_of(context, name, from)?.is_some())
}

/// The squash that stood for a migration at the merge base.
fn squash_of(
    context: &Context<'_>,
    name: &MigrationName,
    from: &str,
) -> Result<Option<MigrationName>, NotLoaded> {
    let graph = Graph::labelled(context.merge_base, &name.app, from)?;
    let squash = graph.standing(name);
    Ok((squash != name).then(|| squash.clone()))
}

fn missing(
    context: &Context<'_>,
    graph: &Graph,
    node: &Node,
    on: &MigrationName,
    range: TextRange,
) -> Result<Finding, NotLoaded> {
    let module = node.migration.module();
    let headline = format!(
        "{} depends on {}, which does not exist",
        code(&node.name.to_string()),
        code(&on.to_string())
    );
    let consequence = format!(
        "Every `manage.py migrate` stops with {}.",
        code(&format!(
            "NodeNotFoundError: Migration {} dependencies reference nonexistent parent node ('{}', '{}')",
            node.name, on.app, on.name
        ))
    );
    let span = module.span(&range);
    let place = Place::Head { path: node.path.clone(), span };
    let finding =
        RULE.finding(place, node.name.to_string(), NodeText::Open(on.to_string()), headline, consequence);
    let (known, squash) =
        both(names(context, graph, &on.app, &node.path), squash_of(context, on, &node.path))?;
    let squash = squash.filter(|squash| squash.app == on.app && known.contains(&squash.name));
    let fix = match (squash, nearest(&on.name, &known)) {
        (Some(squash), _) => Fix {
            safety: FixSafety::Safe,
            text: format!("Depend on {}, which stood for it.", code(&squash.to_string())),
            edits: vec![Edit { span, replacement: format!("(\"{}\", \"{}\")", squash.app, squash.name) }],
        },
        (None, Some(name)) => Fix {
            safety: FixSafety::Ask,
            text: format!("Right if {} is meant.", code(&format!("{}.{name}", on.app))),
            edits: vec![Edit { span, replacement: format!("(\"{}\", \"{name}\")", on.app) }],
        },
        (None, None) => Fix::text(format!("Name a migration of {} that exists.", code(&on.app))),
    };
    Ok(finding.with_fix(fix))
}

/// Names of an app's migrations: of the repository, else of Django.
fn names(context: &Context<'_>, graph: &Graph, app: &str, from: &str) -> Result<Vec<String>, NotLoaded> {
    let own: Vec<String> = graph.nodes().filter(|n| n.name.app == app).map(|n| n.name.name.clone()).collect();
    if !own.is_empty() {
        return Ok(own);
    }
    let (apps, tree) = both(context.here.apps(), context.here.tree())?;
    let ours = apps.labelled(app, from).into_iter().flat_map(|app| app.migration_files(&tree));
    let ours: Vec<String> = ours.filter_map(|path| apps.migration_name(path).map(|name| name.name)).collect();
    if !ours.is_empty() {
        return Ok(ours);
    }
    Ok(contrib::names(app).unwrap_or_default().iter().map(|name| (*name).to_owned()).collect())
}

/// At most two typing errors away, else the only one of the same number.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let close: Vec<_> = known.iter().filter(|other| distance(name, other) <= 2).collect();
    let number = |name: &str| name.split('_').next().map(str::to_owned);
    let same: Vec<_> = known.iter().filter(|other| number(other) == number(name)).collect();
    match (close.as_slice(), same.as_slice()) {
        ([only], _) | ([], [only]) => Some(only),
        _ => None,
    }
}

/// Levenshtein's distance; names are short.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(100).collect(), b.chars().take(100).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut previous = row.first().copied().unwrap_or(0);
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = previous + usize::from(x != y);
            previous = row[j + 1];
            row[j + 1] = change.min(previous + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// (b) A circle of dependencies through a changed file.
fn cycle(graph: &Graph) -> Option<Finding> {
    let node = graph.in_circle()?;
    let parent = graph.parents(node).find(|p| *p != &node.name && graph.ancestors(p).contains(&node.name))?;
    let at = node
        .migration
        .dependencies
        .iter()
        .find(|d| d.dependency.migration().is_some_and(|name| graph.standing(name) == parent));
    let range = at.map(|d| d.range).or_else(|| node.migration.class().map(|class| class.name.range))?;
    let headline =
        format!("{} and {} depend on each other", code(&node.name.to_string()), code(&parent.to_string()));
    let consequence = "Every `manage.py migrate` stops with `CircularDependencyError`.";
    let place = Place::Head { path: node.path.clone(), span: node.migration.module().span(&range) };
    let finding = RULE.finding(
        place,
        node.name.to_string(),
        NodeText::Open(format!("circle with {parent}")),
        headline,
        consequence,
    );
    Some(finding.with_fix(Fix::text(format!("Take {} out of its dependencies.", code(&parent.to_string())))))
}

/// (d) Without `__init__.py` Django takes the app for one without migrations.
fn package(context: &Context<'_>, app: &App, graph: &Graph) -> Result<Option<Finding>, NotLoaded> {
    let tree = context.here.tree()?;
    let path: Path = format!("{}/__init__.py", app.migrations);
    let Some(first) = graph.nodes().next().filter(|_| !tree.contains(&path) && !tree.truncated) else {
        return Ok(None);
    };
    let headline = format!("{} has migrations but no {}", code(&app.migrations), code("__init__.py"));
    let consequence = format!(
        "Django takes {} for an app without migrations: `migrate` prints \"No migrations to apply\", exits 0 and creates none of its tables.",
        code(&app.label)
    );
    let fix = Fix::text(format!("Add an empty {}.", code(&path)));
    let place = Place::Path(first.path.clone());
    Ok(Some(RULE.finding(place, &app.label, NodeText::Open(path), headline, consequence).with_fix(fix)))
}

/// (e–h) Changed files that Django cannot load, or not tell apart.
fn files(context: &Context<'_>, app: &App) -> Result<Vec<Finding>, NotLoaded> {
    let tree = context.here.tree()?;
    let mut found = Vec::new();
    let mut by_case: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in app.migration_files(&tree) {
        by_case.entry(path.to_lowercase()).or_default().push(path);
    }
    let own: BTreeSet<&str> = context
        .files()
        .map(|f| f.path)
        .filter(|path| app.migration_files(&tree).any(|p| p == *path))
        .collect();
    for path in own {
        let Some(module) = context.here.module(path)? else { continue };
        let name = crate::source::tree::file_name(path).trim_end_matches(".py");
        let subject = format!("{}.{name}", app.label);
        found.extend(unreadable(&module, path, &subject));
        if name.contains('.') {
            let headline = format!("{} has a dot in its name, so Django does not see it", code(path));
            let consequence =
                "`migrate` skips it without a word; what depends on it stops with `NodeNotFoundError`.";
            let fix = Fix::text(format!("Name it {}.", code(&format!("{}.py", name.replace('.', "_")))));
            let place = Place::Path(path.to_owned());
            found.push(
                RULE.finding(place, &subject, NodeText::Open("dot".into()), headline, consequence)
                    .with_fix(fix),
            );
        } else if module.fault().is_none() && !defines_migration(&module) {
            let headline = format!("{} has no class {}", code(path), code("Migration"));
            let consequence = format!(
                "Every `manage.py` command that reads migrations stops with {}.",
                code(&format!(
                    "BadMigrationError: Migration {name} in app {} has no Migration class",
                    app.label
                ))
            );
            let text = match module.classes().next() {
                Some(class) => format!("Rename {} to {}.", code(class.name.as_str()), code("Migration")),
                None => {
                    "Move helpers out of the migration package, or begin the file's name with `_`.".to_owned()
                }
            };
            let place = Place::Path(path.to_owned());
            let node = NodeText::Open("no class".into());
            found.push(RULE.finding(place, &subject, node, headline, consequence).with_fix(Fix::text(text)));
        }
        let twins = by_case.get(&path.to_lowercase()).map_or(&[][..], Vec::as_slice);
        if let Some(twin) = twins.iter().find(|twin| **twin != path) {
            let headline = format!("{} and {} differ in case only", code(path), code(twin));
            let consequence = "On macOS and Windows only one of them can be checked out, so the other is missing from the graph.";
            let node = NodeText::Open((*twin).to_owned());
            let fix = Fix::text("Give one of them another name.");
            found.push(
                RULE.finding(Place::Path(path.to_owned()), &subject, node, headline, consequence)
                    .with_fix(fix),
            );
        }
    }
    Ok(found)
}

/// (g) A syntax error: nothing of Django's migrations works any more.
fn unreadable(module: &Module, path: &str, subject: &str) -> Option<Finding> {
    let Some(SyntaxFault::Syntax { line, message }) = module.fault() else { return None };
    let headline = format!("{} is not valid Python: {message}", code(path));
    let consequence = "Every `manage.py` command that reads migrations stops with `SyntaxError`.";
    let place = Place::Head { path: path.to_owned(), span: module.text().line_span(*line) };
    Some(RULE.finding(place, subject, NodeText::Open("syntax".into()), headline, consequence))
}

/// Does the module have something called `Migration`, wherever it comes from?
fn defines_migration(module: &Module) -> bool {
    !module.index().star_imports().is_empty()
        || module.class("Migration").is_some()
        || module.index().import_of("Migration").is_some()
        || module.assigned("Migration").is_some()
}
