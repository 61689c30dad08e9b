use std::collections::BTreeSet;

use ruff_python_ast::{Identifier, Stmt};

use crate::model::catalogue;
use crate::model::change::ChangedFile;
use crate::model::finding::{Finding, Fix, NodeText, Place, code};
use crate::project::django::settings::is_settings;
use crate::project::python::discovery::is_test_module;
use crate::project::python::role::is_test;
use crate::rules::look::code as is_code;
use crate::rules::{Against, Context, Found, Look, Reading, Rule, ScopedFile};
use crate::source::anchor::touches;
use crate::source::tree::{file_name, folder, is_vendored, join};
use crate::source::{NotLoaded, Text};
use crate::syntax::python::Module;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::TST003,
    page: include_str!("changed_module_without_tests.md"),
    against: Against::Nothing,
    looks: &[Look::Change(reading, check)],
};

fn reading(path: &str) -> Reading {
    Reading::Alone.when(is_meant(path) || (path.ends_with(".py") && is_test(path)))
}

/// Does a file hold what is worth a test, as its path tells?
fn is_meant(path: &str) -> bool {
    const WIRING: [&str; 9] = [
        "admin.py",
        "apps.py",
        "urls.py",
        "__init__.py",
        "manage.py",
        "asgi.py",
        "wsgi.py",
        "setup.py",
        "routing.py",
    ];
    is_code(path) > Reading::Not && !WIRING.contains(&file_name(path)) && !is_settings(path)
}

fn check(context: &Context<'_>) -> Found {
    let files = || context.files().filter(|file| is_meant(file.path));
    let tree = context.head.tree()?;
    let has_tests = tree.entries.keys().any(|path| is_test_module(path) && !is_vendored(path));
    let is_in_app = |path: &str| tree.contains(&join(folder(path), "__init__.py"));
    if !has_tests || !files().any(|file| is_in_app(file.path)) {
        return Ok(Vec::new());
    }
    let tests = Tests::of(context)?;
    let words = tests.words();
    let untested = |file: ScopedFile<'_>| -> Result<Option<(String, Vec<String>)>, NotLoaded> {
        let module = context.head.module(file.path)?.filter(|module| module.fault().is_none());
        let added = module.as_deref().map(|module| added(module, file.changed)).unwrap_or_default();
        let is_tested = tests.has_one_of(file.path) || added.iter().any(|name| words.contains(name.as_str()));
        Ok((!is_tested).then(|| (file.path.to_owned(), added)))
    };
    let found = files().filter(|file| is_in_app(file.path)).map(untested);
    let mut found: Vec<(String, Vec<String>)> = NotLoaded::all(found)?.into_iter().flatten().collect();
    found.retain(|(_, added)| !added.is_empty());
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_before(context)?;
    found.iter_mut().for_each(|(_, added)| added.retain(|name| !known.contains(name)));
    Ok(found
        .iter()
        .filter(|(_, added)| !added.is_empty())
        .map(|(path, added)| finding(path, added))
        .collect())
}

/// What the changed files had before: a function that moves is not new.
fn known_before(context: &Context<'_>) -> Result<BTreeSet<String>, NotLoaded> {
    let paths = context.change.files.iter().filter_map(|file| file.base_path()).filter(|path| is_meant(path));
    let modules = NotLoaded::all(paths.map(|path| context.merge_base.module(path)))?;
    Ok(modules
        .iter()
        .flatten()
        .flat_map(|module| public(module.body()).map(|(name, _)| name.to_string()))
        .collect())
}

/// Public functions and classes at the top.
fn public(body: &[Stmt]) -> impl Iterator<Item = (&Identifier, &Stmt)> {
    let named = body.iter().filter_map(|statement| match statement {
        Stmt::FunctionDef(function) => Some((&function.name, statement)),
        Stmt::ClassDef(class) => Some((&class.name, statement)),
        _ => None,
    });
    named.filter(|(name, _)| !name.starts_with('_'))
}

/// Those named on changed lines that do something: more than one statement, or a method.
fn added(module: &Module, changed: &ChangedFile) -> Vec<String> {
    let is_one = |statement: &Stmt| match statement {
        Stmt::FunctionDef(function) => function.body.len() > 1,
        Stmt::ClassDef(class) => class.body.iter().any(|inner| inner.is_function_def_stmt()),
        _ => false,
    };
    let is_new =
        |name: &Identifier| changed.hunks.as_ref().is_none_or(|hunks| touches(hunks, module.span(name)));
    let named = public(module.body()).filter(|(name, statement)| is_one(statement) && is_new(name));
    named.map(|(name, _)| name.to_string()).collect()
}

/// The changed test files.
struct Tests {
    paths: Vec<String>,
    texts: Vec<Text>,
}

impl Tests {
    fn of(context: &Context<'_>) -> Result<Self, NotLoaded> {
        let files = context.files().filter(|file| file.path.ends_with(".py") && is_test(file.path));
        let paths: Vec<String> = files.map(|file| file.path.to_owned()).collect();
        let texts = NotLoaded::all(paths.iter().map(|path| context.head.text(path)))?;
        Ok(Self { paths, texts: texts.into_iter().flatten().collect() })
    }

    /// Every word that they hold.
    fn words(&self) -> BTreeSet<&str> {
        let words = |text| str::split(Text::as_str(text), |c: char| !c.is_alphanumeric() && c != '_');
        self.texts.iter().flat_map(words).collect()
    }

    fn has_one_of(&self, path: &str) -> bool {
        self.paths.iter().any(|test| is_about(test, path))
    }
}

/// Is a test file, by its path, about this module: `test_forms.py`, `test_forms_post.py`, `tests/forms/test_post.py`?
fn is_about(test: &str, path: &str) -> bool {
    let stem = file_name(path).trim_end_matches(".py");
    let name = file_name(test).trim_end_matches(".py").trim_start_matches("test_");
    let is_for_all = name == "tests" && folder(test) == folder(path);
    let is_named = name.starts_with(stem) || name == file_name(folder(path));
    is_for_all || is_named || folder(test).split('/').any(|part| part == stem)
}

fn finding(path: &str, added: &[String]) -> Finding {
    const SHOWN: usize = 3;
    let shown: Vec<String> = added.iter().take(SHOWN).map(|name| code(name)).collect();
    let more = match added.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let headline = format!("{} gains {}{more}, and no test names it", code(path), shown.join(", "));
    let consequence = "What it does is seen by the first person who uses it.";
    let node = NodeText::Open(added.join(","));
    let test = format!("test_{}", file_name(path));
    RULE.finding(Place::Path(path.to_owned()), "file", node, headline, consequence)
        .with_fix(Fix::text(format!("Add a test to {} of the app.", code(&test))))
}
