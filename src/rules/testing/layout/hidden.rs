//! Tests that `manage.py test` does not run, or cannot.

use std::collections::{BTreeMap, BTreeSet};

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
    let mut found = Vec::new();
    for (at, touched) in folders.iter().filter(|(at, _)| comes_to(&head, at)) {
        // Who moves a folder did not make it wrong.
        let is_new = |is_wrong: fn(&Tree, &str) -> bool| {
            is_wrong(&head, at) && !touched.before.iter().any(|before| is_wrong(&base, before))
        };
        if is_new(is_skipped) && holds_tests(context, &head, at)? {
            found.push(skipped(rule, at, &touched.by));
        }
        if is_new(is_twice) {
            found.push(twice(rule, at, &touched.by));
        }
    }
    // pytest collects by paths: it needs no package, and takes no module for another.
    if found.is_empty() || context.head.fact::<Pytest>(&())?.is_used {
        return Ok(Vec::new());
    }
    Ok(found)
}

/// What the change does in a folder of tests.
struct Touched {
    /// The first file that it adds, moves or removes there.
    by: String,
    /// Where the folder may have been.
    before: BTreeSet<String>,
}

fn touched(context: &Context<'_>) -> BTreeMap<String, Touched> {
    let mut found: BTreeMap<String, Touched> = BTreeMap::new();
    for file in &context.change.files {
        let paths = [Some(file.path.as_str()), file.previous_path.as_deref()];
        let paths = paths.into_iter().flatten().filter(|path| !(context.excluded)(path));
        for at in paths.filter_map(tests_around) {
            let new = || Touched { by: file.path.clone(), before: BTreeSet::from([at.to_owned()]) };
            let before = file.base_path().and_then(tests_around).map(str::to_owned);
            found.entry(at.to_owned()).or_insert_with(new).before.extend(before);
        }
    }
    found
}

/// The folder of tests that a file stands in, or beside as `tests.py`.
fn tests_around(path: &str) -> Option<&str> {
    let is_meant = path.ends_with(".py") && (is_test_module(path) || file_name(path) == "__init__.py");
    let beside = path.strip_suffix(".py").filter(|_| file_name(path) == "tests.py");
    is_meant.then(|| beside.unwrap_or_else(|| folder(path)))
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

fn twice(rule: &Rule, at: &str, by: &str) -> Finding {
    let module = format!("{at}.py");
    let headline = format!("{} stands beside the package {}", code(&module), code(&format!("{at}/")));
    let consequence = "`manage.py test` stops with `ImportError: 'tests' module incorrectly imported`.";
    let fix = format!("Move what {} holds into modules of the package.", code(&module));
    error(rule, by, at, "twice", headline, consequence).with_fix(Fix::text(fix))
}

fn error(rule: &Rule, by: &str, at: &str, fault: &str, headline: String, consequence: &str) -> Finding {
    let finding =
        rule.finding(Place::Path(by.to_owned()), at, NodeText::Open(fault.to_owned()), headline, consequence);
    finding.with_severity(Severity::Error)
}
