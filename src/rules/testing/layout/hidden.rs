//! Tests that `manage.py test` does not run, or cannot.

use std::collections::BTreeSet;

use crate::model::finding::{Finding, Fix, NodeText, Place, Severity, code};
use crate::project::python::discovery::{comes_to, is_test_module, test_classes};
use crate::project::python::pytest::Pytest;
use crate::rules::{Context, Found, Rule};
use crate::source::tree::{file_name, folder, join};
use crate::source::{NotLoaded, Tree};

/// Modules of one folder that are looked at for a test.
const MAX_READ: usize = 8;

pub(in crate::rules::testing) fn check(rule: &Rule, context: &Context<'_>) -> Found {
    let folders = touched(context);
    if folders.is_empty() {
        return Ok(Vec::new());
    }
    let (head, base) = (context.head.tree()?, context.merge_base.tree()?);
    let is_new = |is_wrong: &dyn Fn(&Tree) -> bool| is_wrong(&head) && !is_wrong(&base);
    let mut found = Vec::new();
    for (at, by) in &folders {
        if comes_to(&head, at) && is_new(&|tree| is_skipped(tree, at)) && holds_tests(context, &head, at)? {
            found.push(skipped(rule, at, by));
        }
        let module = format!("{at}.py");
        if comes_to(&head, at) && is_new(&|tree| is_twice(tree, at)) {
            found.push(twice(rule, at, by, &module));
        }
    }
    // pytest collects by paths: it needs no package, and takes no module for another.
    if found.is_empty() || context.head.fact::<Pytest>(&())?.is_used {
        return Ok(Vec::new());
    }
    Ok(found)
}

/// Folders of tests in which the change adds, moves or removes a file, each with that file.
fn touched(context: &Context<'_>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in &context.change.files {
        let paths = [Some(file.path.as_str()), file.previous_path.as_deref()];
        for path in
            paths.into_iter().flatten().filter(|path| path.ends_with(".py") && !(context.excluded)(path))
        {
            let beside = path.strip_suffix(".py").filter(|_| file_name(path) == "tests.py");
            let at = beside.unwrap_or_else(|| folder(path));
            if (is_test_module(path) || file_name(path) == "__init__.py") && seen.insert(at.to_owned()) {
                found.push((at.to_owned(), file.path.clone()));
            }
        }
    }
    found
}

/// Test modules in a folder that is no package.
fn is_skipped(tree: &Tree, at: &str) -> bool {
    !tree.contains(&join(at, "__init__.py")) && modules(tree, at).next().is_some()
}

fn modules<'a>(tree: &'a Tree, at: &'a str) -> impl Iterator<Item = &'a str> {
    tree.under(at).filter(move |path| folder(path) == at && is_test_module(path))
}

fn is_twice(tree: &Tree, at: &str) -> bool {
    file_name(at) == "tests" && tree.contains(&format!("{at}.py")) && tree.contains(&join(at, "__init__.py"))
}

fn holds_tests(context: &Context<'_>, tree: &Tree, at: &str) -> Result<bool, NotLoaded> {
    let modules = modules(tree, at).take(MAX_READ).map(|path| context.head.module(path));
    let modules = NotLoaded::all(modules)?;
    Ok(modules.iter().flatten().any(|module| test_classes(module).any(|class| !class.bases().is_empty())))
}

fn skipped(rule: &Rule, at: &str, by: &str) -> Finding {
    let init = join(at, "__init__.py");
    let headline = format!("The tests in {} are never run: {} is missing", code(at), code(&init));
    let consequence =
        "`manage.py test` passes over a folder that is no package, and says `Ran 0 tests … OK`.";
    error(rule, by, at, "no package", headline, consequence)
        .with_fix(Fix::text(format!("Add an empty {}.", code(&init))))
}

fn twice(rule: &Rule, at: &str, by: &str, module: &str) -> Finding {
    let headline = format!("{} stands beside the package {}", code(module), code(&format!("{at}/")));
    let consequence = "`manage.py test` stops with `ImportError: 'tests' module incorrectly imported`.";
    let fix = format!("Move what {} holds into modules of the package.", code(module));
    error(rule, by, at, "twice", headline, consequence).with_fix(Fix::text(fix))
}

fn error(rule: &Rule, by: &str, at: &str, fault: &str, headline: String, consequence: &str) -> Finding {
    let finding =
        rule.finding(Place::Path(by.to_owned()), at, NodeText::Open(fault.to_owned()), headline, consequence);
    finding.with_severity(Severity::Error)
}
