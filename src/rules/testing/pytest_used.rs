use std::sync::Arc;

use crate::model::catalogue;
use crate::model::finding::{Fix, NodeText, Place, Severity};
use crate::project::python::discovery::is_test_module;
use crate::project::python::role::is_test;
use crate::rules::{Against, Context, Found, Judging, Look, Reading, Rule, ScopedFile};
use crate::source::NotLoaded;
use crate::syntax::python::Module;

use super::pytest::old::is_old;
use super::pytest::{lists, modules};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::TST001,
    page: include_str!("pytest_used.md"),
    against: Against::ChangedLines,
    looks: &[
        Look::Python(reading, modules::check),
        Look::File(lists::reading, check_list),
        Look::Change(reading, more),
    ],
};

fn reading(path: &str) -> Reading {
    Reading::Alone.when(path.ends_with(".py") && is_test(path))
}

fn check_list(context: &Context<'_>, file: ScopedFile<'_>) -> Found {
    lists::check(&RULE, context, file)
}

/// In a repository of pytest's, that there are more of its tests is told once.
fn more(context: &Context<'_>) -> Found {
    let added = context.change.files.iter().filter(|file| file.base_path().is_none());
    let added = added.filter_map(|file| file.head_path()).filter(|path| !(context.excluded)(path));
    let added: Vec<&str> = added.filter(|path| is_test_module(path)).collect();
    if added.is_empty() || context.judging == Judging::Baseline || !is_old(context)? {
        return Ok(Vec::new());
    }
    let read = NotLoaded::all(added.iter().map(|path| context.here.module(path)))?;
    let is_meant = |module: &Option<Arc<Module>>| module.as_deref().is_some_and(modules::is_for_pytest);
    let meant: Vec<&str> =
        added.into_iter().zip(&read).filter(|(_, read)| is_meant(read)).map(|(path, _)| path).collect();
    let headline = match meant.as_slice() {
        [] => return Ok(Vec::new()),
        [_] => "1 new test file is written for pytest".to_owned(),
        more => format!("{} new test files are written for pytest", more.len()),
    };
    let place = Place::Path(meant.first().copied().unwrap_or_default().to_owned());
    let node = NodeText::Open("more".to_owned());
    let consequence = "`manage.py test` does not run them; the standard wants Django's `TestCase`.";
    let finding = RULE.finding(place, "tests", node, headline, consequence);
    let fix = Fix::text("Derive new tests from `django.test.TestCase`: pytest runs those too.");
    Ok(vec![finding.with_severity(Severity::Advice).with_fix(fix)])
}
