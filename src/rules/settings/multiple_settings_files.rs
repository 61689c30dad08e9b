use ruff_python_ast::Stmt;

use crate::model::catalogue;
use crate::model::change::{FileStatus, Path};
use crate::model::finding::code;
use crate::project::django::settings;
use crate::project::django::settings_module::is_settings_module;
use crate::project::python::role::is_test;
use crate::rules::look::code_with_others;
use crate::rules::python::{PythonFile, Report};
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::SET001,
    page: include_str!("multiple_settings_files.md"),
    against: Against::ChangedLines,
    looks: &[Look::Python(code_with_others, check)],
};

/// Files that are looked at for other settings.
const MAX_OTHERS: usize = 32;

fn check(file: &PythonFile<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    if !is_settings_module(file.path, file.module) {
        return Ok(());
    }
    local_settings(file, out);
    if file.changed.status != FileStatus::Added {
        return Ok(());
    }
    let others = others(file)?;
    let is_new =
        |path: &str| file.context.change.file_at_head(path).is_some_and(|f| f.status == FileStatus::Added);
    // Of several that come together the first is the project's.
    let Some(first) = others.iter().find(|path| !is_new(path) || path.as_str() < file.path) else {
        return Ok(());
    };
    out.say_of_file(
        "settings",
        format!("{} is a second settings module beside {}", code(file.path), code(first)),
        "What is true depends on which of them a process was started with, and tests run with another than production.",
    )
    .fix("Keep one `settings.py`, and let variables of the environment say what differs.");
    Ok(())
}

/// Other settings modules of the repository; those of tests are not counted.
fn others(file: &PythonFile<'_>) -> Result<Vec<Path>, NotLoaded> {
    let tree = file.project().tree()?;
    let named = settings::named(&tree).filter(|path| *path != file.path && !is_test(path));
    let paths: Vec<&str> = named.take(MAX_OTHERS).collect();
    let modules = NotLoaded::all(paths.iter().map(|path| file.project().module(path)))?;
    let both = paths.into_iter().zip(modules);
    let own =
        both.filter(|(path, module)| module.as_ref().is_some_and(|module| is_settings_module(path, module)));
    Ok(own.map(|(path, _)| path.to_owned()).collect())
}

/// `from .local_settings import *`
fn local_settings(file: &PythonFile<'_>, out: &mut Report<'_>) {
    const LOCAL: [&str; 5] = ["local", "local_settings", "settings.local", "settings_local", "localsettings"];
    for (_, statement) in file.index().statements() {
        let Stmt::ImportFrom(import) = statement else { continue };
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        let is_all = import.names.iter().any(|alias| alias.name.as_str() == "*");
        if !is_all || !LOCAL.iter().any(|local| module == *local || module.ends_with(&format!(".{local}"))) {
            continue;
        }
        let headline =
            format!("Settings are taken over from {}, which each machine has its own of", code(module));
        let consequence = "What the site runs with stands in no repository: nobody can review it, and no other machine has it.";
        out.say(import, "module", module, headline, consequence)
            .warning()
            .fix("Read what differs from the environment, and delete the import.");
    }
}
