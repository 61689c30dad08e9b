use std::collections::BTreeSet;

use ruff_python_ast::{Expr, StmtImportFrom};
use ruff_text_size::{Ranged, TextRange};

use crate::model::catalogue;
use crate::model::finding::{FixSafety, code};
use crate::project::django::settings::is_settings;
use crate::project::python::imports::module_path;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Reading, Rule};
use crate::source::NotLoaded;
use crate::source::tree::file_name;
use crate::syntax::python::{Folded, Module, ScopeId, walk_exprs};

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::STY005,
    page: include_str!("star_import.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(reading, check)],
};

/// More names than this are not written into a line for somebody.
const MAX_NAMES: usize = 20;
/// The longest line that a fix makes.
const MAX_LINE: usize = 88;

fn reading(path: &str) -> Reading {
    Reading::WithOthers.when(path.ends_with(".py"))
}

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    // How settings are put together is SET001's.
    if is_settings(file.path) || holds_settings(file.module) {
        return Ok(());
    }
    let for_types = type_checking(file.module);
    let stars =
        file.index().module().statements.iter().filter_map(|statement| statement.node.as_import_from_stmt());
    let stars = stars.filter(|import| {
        is_star(import) && !for_types.iter().any(|range| range.contains_range(import.range()))
    });
    NotLoaded::all(stars.map(|import| tell(file, import, out))).map(drop)
}

fn tell(file: &PythonFile<'_>, import: &StmtImportFrom, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    let module = format!(
        "{}{}",
        ".".repeat(import.level as usize),
        import.module.as_ref().map_or("", |name| name.as_str())
    );
    let is_facade = file_name(file.path) == "__init__.py";
    let used = if is_facade { None } else { used(file, &module)? };
    let statement = format!("from {module} import *");
    let headline = format!("{} does not say what it takes", code(&statement));
    let consequence = format!(
        "Nobody sees where a name of this file comes from, and a name that {} gains may replace one of it.",
        code(&module)
    );
    let said = out.say(import, "module", statement, headline, consequence);
    let said = if is_facade && import.level == 1 { said.warning() } else { said };
    match used.filter(|names| (1..=MAX_NAMES).contains(&names.len())) {
        Some(names) => {
            let condition = "Right if no other module takes more of these names from here.";
            said.edit(FixSafety::Ask, condition, vec![file.replace(import, explicit(&module, &names))]);
        }
        None => {
            said.fix(format!("Name what this file uses, behind {}.", code(&format!("from {module} import"))));
        }
    }
    Ok(())
}

fn is_star(import: &StmtImportFrom) -> bool {
    import.names.iter().any(|alias| alias.name.as_str() == "*")
}

/// A module that assigns what only settings assign, whatever its name.
fn holds_settings(module: &Module) -> bool {
    const OF_SETTINGS: [&str; 6] =
        ["INSTALLED_APPS", "DATABASES", "ALLOWED_HOSTS", "DEBUG", "SECRET_KEY", "ROOT_URLCONF"];
    OF_SETTINGS.iter().any(|name| !module.index().bindings_in(ScopeId::MODULE, name).is_empty())
}

/// What stands under `if TYPE_CHECKING:` never runs.
fn type_checking(module: &Module) -> Vec<TextRange> {
    let branches =
        module.index().module().statements.iter().filter_map(|statement| statement.node.as_if_stmt());
    let is_meant = |test: &Expr| module.qualified(test).is_some_and(|name| name.last() == "TYPE_CHECKING");
    branches.filter(|branch| is_meant(&branch.test)).map(|branch| branch.range()).collect()
}

/// The names that this file uses of another of the repository; `None` where nobody can tell them all.
fn used(file: &PythonFile<'_>, module: &str) -> Result<Option<BTreeSet<String>>, NotLoaded> {
    let tree = file.project().tree()?;
    let Some(path) = module_path(&tree, file.path, module) else { return Ok(None) };
    let Some(other) = file.project().module(&path)? else { return Ok(None) };
    let exported = Exported::of(&other);
    let is_own = |name: &str| !file.index().bindings_in(ScopeId::MODULE, name).is_empty();
    let mut names = BTreeSet::new();
    walk_exprs(file.module.body(), &mut |expr| {
        if let Expr::Name(name) = expr {
            names.insert(name.id.as_str());
        }
    });
    let names = names.into_iter().filter(|name| exported.has(name) && !is_own(name));
    Ok(exported.is_complete.then(|| names.map(str::to_owned).collect()))
}

/// What `import *` takes of a module.
struct Exported<'a> {
    module: &'a Module,
    /// `__all__`, where there is one.
    listed: Option<BTreeSet<String>>,
    is_complete: bool,
}

impl<'a> Exported<'a> {
    fn of(module: &'a Module) -> Self {
        let is_listed = !module.index().bindings_in(ScopeId::MODULE, "__all__").is_empty();
        let value = module.value_of("__all__");
        let is_whole = !is_listed || matches!(value, Folded::List { partial: false, .. });
        let is_closed = module.fault().is_none()
            && module.index().star_imports().is_empty()
            && module.function("__getattr__").is_none();
        let listed = is_listed.then(|| value.strings().into_iter().map(str::to_owned).collect());
        Self { module, listed, is_complete: is_whole && is_closed }
    }

    fn has(&self, name: &str) -> bool {
        match &self.listed {
            Some(listed) => listed.contains(name),
            None => {
                !name.starts_with('_') && !self.module.index().bindings_in(ScopeId::MODULE, name).is_empty()
            }
        }
    }
}

fn explicit(module: &str, names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let line = format!("from {module} import {}", names.join(", "));
    if line.len() <= MAX_LINE {
        line
    } else {
        format!("from {module} import (\n    {},\n)", names.join(",\n    "))
    }
}
