//! Files that hold the tests of several modules.

use std::collections::BTreeSet;

use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::python::discovery::test_classes;
use crate::rules::{Context, Found, Rule, ScopedFile};
use crate::source::NotLoaded;
use crate::source::tree::{file_name, folder, join};
use crate::syntax::python::Module;

/// Modules of an app that have tests of their own, with what the names of their test classes say.
const MODULES: [(&str, &str); 6] = [
    ("models", "Model"),
    ("views", "View"),
    ("forms", "Form"),
    ("serializers", "Serializer"),
    ("tasks", "Task"),
    ("admin", "Admin"),
];

pub(in crate::rules::testing) fn check(rule: &Rule, context: &Context<'_>) -> Found {
    let of_file =
        context.files().filter(|file| is_looked_at(file.path)).map(|file| of_file(rule, context, file));
    Ok(NotLoaded::all(of_file)?.into_iter().flatten().collect())
}

fn is_looked_at(path: &str) -> bool {
    let name = file_name(path);
    name == "tests.py"
        || (name.starts_with("test_") && name.ends_with(".py") && file_name(folder(path)) == "tests")
}

fn of_file(rule: &Rule, context: &Context<'_>, file: ScopedFile<'_>) -> Result<Option<Finding>, NotLoaded> {
    let (tree, now) = (context.head.tree()?, context.head.module(file.path)?);
    let Some(now) = now.filter(|module| module.fault().is_none()) else { return Ok(None) };
    let before = match file.changed.base_path() {
        Some(path) => context.merge_base.module(path)?,
        None => None,
    };
    let count = |module: &Module| test_classes(module).count();
    let (had, has) = (before.as_deref().map_or(0, count), count(&now));
    if file_name(file.path) != "tests.py" {
        let (had, has) = (before.as_deref().map(modules).unwrap_or_default(), modules(&now));
        return Ok((has.len() > 1 && has.len() > had.len()).then(|| several(rule, file.path, &has)));
    }
    let app = folder(file.path);
    let is_app = tree.contains(&join(app, "models.py"))
        || tree.contains(&join(app, "apps.py"))
        || tree.contains(&join(app, "views.py"));
    let is_twice = tree.contains(&join(app, "tests/__init__.py"));
    Ok((is_app && !is_twice && has > had).then(|| one_for_all(rule, file.path, had, &now)))
}

/// The modules of its app that a file tests, by its imports and the names of its classes.
fn modules(module: &Module) -> BTreeSet<&'static str> {
    let is_imported = |name: &str| {
        module.imports().any(|import| {
            let parts = import.target.segments();
            parts.iter().rev().take(2).any(|part| *part == name) && !import.target.is_in("django")
        })
    };
    let said: BTreeSet<&str> = test_classes(module).filter_map(|class| about(class.name.as_str())).collect();
    // Views are tested by their addresses, without an import.
    let meant = said.into_iter().filter(|name| *name == "views" || is_imported(name));
    meant.filter_map(|name| MODULES.iter().find(|(known, _)| *known == name)).map(|(name, _)| *name).collect()
}

/// `PostViewTests` is about views; a name that speaks of two is about neither.
fn about(class: &str) -> Option<&'static str> {
    let starts = class.char_indices().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at);
    let ends = starts.clone().skip(1).chain([class.len()]);
    let words: Vec<&str> = starts.zip(ends).filter_map(|(start, end)| class.get(start..end)).collect();
    let is_said = |word: &str| words.iter().any(|said| said.strip_suffix('s').unwrap_or(said) == word);
    let mut meant = MODULES.iter().filter(|(_, word)| is_said(word));
    let only = meant.next().filter(|_| meant.next().is_none());
    only.map(|(name, _)| *name)
}

fn one_for_all(rule: &Rule, path: &str, had: usize, module: &Module) -> Finding {
    let tests = format!("{}/", path.trim_end_matches(".py"));
    let headline = format!("{} is one file for the tests of a whole app", code(path));
    let consequence = "Nobody finds the tests of one module, and every branch of the app edits this file.";
    let named = modules(module);
    let names: Vec<String> = named.iter().take(3).map(|name| code(&format!("test_{name}.py"))).collect();
    let names =
        if names.is_empty() { "`test_models.py`, `test_views.py`".to_owned() } else { names.join(", ") };
    let fix = format!("Make it the package {} with {names} and an empty `__init__.py`.", code(&tests));
    let severity = if had == 0 { Severity::Warning } else { Severity::Advice };
    finding(rule, path, "one file", headline, consequence, fix).with_severity(severity)
}

fn several(rule: &Rule, path: &str, named: &BTreeSet<&str>) -> Finding {
    let shown: Vec<String> = named.iter().map(|name| code(name)).collect();
    let headline = format!("{} tests {}", code(file_name(path)), shown.join(" and "));
    let consequence = "Who changes one of them looks for its tests under its name.";
    let names: Vec<String> = named.iter().map(|name| code(&format!("test_{name}.py"))).collect();
    let fix = format!("Split it into {}.", names.join(" and "));
    finding(rule, path, "several", headline, consequence, fix).with_severity(Severity::Advice)
}

fn finding(
    rule: &Rule,
    path: &str,
    fault: &str,
    headline: String,
    consequence: &str,
    fix: String,
) -> Finding {
    let place = Place::Path(path.to_owned());
    rule.finding(place, "file", NodeText::Open(fault.to_owned()), headline, consequence)
        .with_fix(Fix::text(fix))
}
