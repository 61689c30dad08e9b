//! Files of migrations that Django cannot load, or not tell apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::Path;
use crate::model::finding::{Finding, Fix, NodeText, Place, code};
use crate::project::django::apps::App;
use crate::rules::{Context, Rule};
use crate::source::NotLoaded;
use crate::syntax::python::{Module, SyntaxFault};

/// (d) Without `__init__.py` Django takes the app for one without migrations.
pub(super) fn package(
    rule: &Rule,
    context: &Context<'_>,
    app: &App,
    first: &str,
) -> Result<Option<Finding>, NotLoaded> {
    let tree = context.here.tree()?;
    let path: Path = format!("{}/__init__.py", app.migrations);
    if tree.contains(&path) || tree.truncated {
        return Ok(None);
    }
    let headline = format!("{} has migrations but no {}", code(&app.migrations), code("__init__.py"));
    let consequence = format!(
        "Django takes {} for an app without migrations: `migrate` prints \"No migrations to apply\", exits 0 and creates none of its tables.",
        code(&app.label)
    );
    let fix = Fix::text(format!("Add an empty {}.", code(&path)));
    let place = Place::Path(first.to_owned());
    Ok(Some(rule.finding(place, &app.label, NodeText::Open(path), headline, consequence).with_fix(fix)))
}

/// (e–h) Changed files that Django cannot load, or not tell apart.
pub(super) fn files(rule: &Rule, context: &Context<'_>, app: &App) -> Result<Vec<Finding>, NotLoaded> {
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
        found.extend(unreadable(rule, &module, path, &subject));
        if name.contains('.') {
            let headline = format!("{} has a dot in its name, so Django does not see it", code(path));
            let consequence =
                "`migrate` skips it without a word; what depends on it stops with `NodeNotFoundError`.";
            let fix = Fix::text(format!("Name it {}.", code(&format!("{}.py", name.replace('.', "_")))));
            let place = Place::Path(path.to_owned());
            found.push(
                rule.finding(place, &subject, NodeText::Open("dot".into()), headline, consequence)
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
            found.push(rule.finding(place, &subject, node, headline, consequence).with_fix(Fix::text(text)));
        }
        let twins = by_case.get(&path.to_lowercase()).map_or(&[][..], Vec::as_slice);
        if let Some(twin) = twins.iter().find(|twin| **twin != path) {
            let headline = format!("{} and {} differ in case only", code(path), code(twin));
            let consequence = "On macOS and Windows only one of them can be checked out, so the other is missing from the graph.";
            let node = NodeText::Open((*twin).to_owned());
            let fix = Fix::text("Give one of them another name.");
            found.push(
                rule.finding(Place::Path(path.to_owned()), &subject, node, headline, consequence)
                    .with_fix(fix),
            );
        }
    }
    Ok(found)
}

/// (g) A syntax error: nothing of Django's migrations works any more.
fn unreadable(rule: &Rule, module: &Module, path: &str, subject: &str) -> Option<Finding> {
    let Some(SyntaxFault::Syntax { line, message }) = module.fault() else { return None };
    let headline = format!("{} is not valid Python: {message}", code(path));
    let consequence = "Every `manage.py` command that reads migrations stops with `SyntaxError`.";
    let place = Place::Head { path: path.to_owned(), span: module.text().line_span(*line) };
    Some(rule.finding(place, subject, NodeText::Open("syntax".into()), headline, consequence))
}

/// Does the module have something called `Migration`, wherever it comes from?
fn defines_migration(module: &Module) -> bool {
    !module.index().star_imports().is_empty()
        || module.class("Migration").is_some()
        || module.index().import_of("Migration").is_some()
        || module.assigned("Migration").is_some()
}
