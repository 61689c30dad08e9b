//! What the Django settings say about apps and their migrations, as far as their text alone tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use ruff_python_ast::{Expr, Stmt};

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, join};
use crate::source::{NotLoaded, Tree};
use crate::syntax::python::{Folded, Module, assignment, string};

use super::Project;

/// How far `from .base import *` is followed.
const MAX_DEPTH: usize = 6;

/// The settings of every `manage.py` in the repository.
#[derive(Debug, Default)]
pub struct Settings {
    projects: Vec<DjangoProject>,
}

/// One `manage.py` with the settings module that it names.
#[derive(Debug)]
pub struct DjangoProject {
    /// The folder of `manage.py`: where imports start.
    pub root: Path,
    /// The named module and those whose names it takes over, nearest first.
    modules: Vec<Arc<Module>>,
}

/// What `MIGRATION_MODULES` says of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationModule {
    /// Its migrations are in this package.
    Package(String),
    /// `None`: Django creates its tables without migrations.
    Disabled,
}

impl Settings {
    pub fn projects(&self) -> impl Iterator<Item = &DjangoProject> {
        self.projects.iter()
    }

    /// Does a project surely install this app, by its label or package?
    pub fn installs(&self, app: &str) -> bool {
        self.projects.iter().any(|project| {
            project.installed_apps().iter().any(|entry| {
                let entry = entry.split(".apps.").next().unwrap_or(entry);
                entry == app || entry.rsplit('.').next() == Some(app)
            })
        })
    }
}

impl DjangoProject {
    /// Entries of `INSTALLED_APPS` that are surely there; there may be more.
    pub fn installed_apps(&self) -> Vec<String> {
        let Some(module) = self.modules.iter().find(|m| m.assigned("INSTALLED_APPS").is_some()) else {
            return Vec::new();
        };
        let value = module.assigned("INSTALLED_APPS").map_or(Folded::Unknown, |value| module.fold(value));
        value.strings().0.into_iter().map(str::to_owned).collect()
    }

    /// `MIGRATION_MODULES` as a display, where no condition stands before it.
    pub fn migration_modules(&self) -> BTreeMap<String, MigrationModule> {
        let value = self.modules.iter().find_map(|module| {
            let sure = |stmt: &'_ Stmt| matches!(assignment(stmt), Some(("MIGRATION_MODULES", _)));
            module.body().iter().rev().find(|stmt| sure(stmt)).and_then(assignment).map(|(_, value)| value)
        });
        let Some(Expr::Dict(dict)) = value else { return BTreeMap::new() };
        let entries = dict.items.iter().filter_map(|item| {
            let label = string(item.key.as_ref()?)?.to_owned();
            match &item.value {
                Expr::NoneLiteral(_) => Some((label, MigrationModule::Disabled)),
                value => Some((label, MigrationModule::Package(string(value)?.to_owned()))),
            }
        });
        entries.collect()
    }
}

/// Is it a settings module by its name? Those are read with the first batch.
pub fn looks_like_settings(path: &str) -> bool {
    let named =
        |name: &str| name == "settings.py" || (name.starts_with("settings_") && name.ends_with(".py"));
    let in_folder = path.ends_with(".py") && file_name(folder(path)) == "settings";
    (named(file_name(path)) || in_folder) && path.split('/').count() <= 6 && !super::apps::is_vendored(path)
}

pub(super) fn find(project: &Project) -> Result<Settings, NotLoaded> {
    let tree = project.tree()?;
    let manage: Vec<&str> = tree.named("manage.py").filter(|path| !super::apps::is_vendored(path)).collect();
    let scripts = NotLoaded::all(manage.iter().map(|path| project.module(path)))?;
    let named = manage.iter().zip(scripts).filter_map(|(path, script)| {
        let root = folder(path);
        let name = script.and_then(|module| settings_module(&module));
        let file =
            name.map_or_else(|| Some(join(root, "config/settings.py")), |n| module_path(&tree, root, &n))?;
        Some((root, file))
    });
    let projects = named.map(|(root, file)| {
        let mut modules = Vec::new();
        follow(project, &tree, root, &file, 0, &mut modules)?;
        Ok(DjangoProject { root: root.to_owned(), modules })
    });
    Ok(Settings { projects: NotLoaded::all(projects)? })
}

/// The string given with `"DJANGO_SETTINGS_MODULE"`.
fn settings_module(manage: &Module) -> Option<String> {
    manage.calls().into_iter().find_map(|call| {
        let key = call.arguments.find_positional(0).and_then(string)?;
        let value = call.arguments.find_positional(1).and_then(string)?;
        (key == "DJANGO_SETTINGS_MODULE").then(|| value.to_owned())
    })
}

/// The file of a dotted module below a root.
fn module_path(tree: &Tree, root: &str, dotted: &str) -> Option<Path> {
    let base = join(root, &dotted.replace('.', "/"));
    [format!("{base}.py"), format!("{base}/__init__.py")].into_iter().find(|path| tree.contains(path))
}

/// Reads a module and those that it star-imports.
fn follow(
    project: &Project,
    tree: &Tree,
    root: &str,
    path: &str,
    depth: usize,
    modules: &mut Vec<Arc<Module>>,
) -> Result<(), NotLoaded> {
    let Some(module) = project.module(path)?.filter(|_| depth < MAX_DEPTH) else { return Ok(()) };
    modules.push(module.clone());
    // All that it imports at once: each round of reading is a request.
    let mut missing = NotLoaded::default();
    for stmt in module.body() {
        let Stmt::ImportFrom(import) = stmt else { continue };
        if !import.names.iter().any(|alias| alias.name.as_str() == "*") {
            continue;
        }
        let name = import.module.as_ref().map_or("", |m| m.as_str());
        let mut from = folder(path);
        (1..import.level).for_each(|_| from = folder(from));
        let start = if import.level == 0 { root } else { from };
        if let Some(next) = module_path(tree, start, name) {
            follow(project, tree, root, &next, depth + 1, modules).unwrap_or_else(|more| missing.merge(more));
        }
    }
    if missing.wants.is_empty() { Ok(()) } else { Err(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::Sha;
    use crate::source::{Blob, Snapshot, SnapshotId, TreeEntry};

    fn project(files: &[(&str, &str)]) -> Project {
        let snapshot = Snapshot::new(SnapshotId::Head, Sha::parse(&"a".repeat(40)).unwrap());
        let entry = TreeEntry { mode: crate::model::change::Mode::File, blob: None, size: None };
        let entries = files.iter().map(|(path, _)| ((*path).to_owned(), entry.clone())).collect();
        snapshot.supply_tree(Tree { entries, truncated: false });
        for (path, text) in files {
            snapshot.supply_file((*path).to_owned(), Blob::from_bytes(text.as_bytes()));
        }
        Project::new(Arc::new(snapshot), Arc::default())
    }

    const MANAGE: &str =
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')\n";

    #[test]
    fn split_settings_are_followed_to_their_base() {
        let files = [
            ("manage.py", MANAGE),
            ("config/settings/local.py", "from .base import *\nDEBUG = True\n"),
            (
                "config/settings/base.py",
                "INSTALLED_APPS = ['django.contrib.auth', 'blog.apps.BlogConfig']\nMIGRATION_MODULES = {'blog': 'blog.db', 'shop': None}\n",
            ),
        ];
        let settings = project(&files).settings().unwrap();
        assert!(settings.installs("auth") && settings.installs("blog") && !settings.installs("shop"));
        let modules = settings.projects().next().unwrap().migration_modules();
        assert_eq!(modules.get("blog"), Some(&MigrationModule::Package("blog.db".to_owned())));
        assert_eq!(modules.get("shop"), Some(&MigrationModule::Disabled));
    }

    #[test]
    fn settings_that_import_themselves_end() {
        let files = [("manage.py", MANAGE), ("config/settings/local.py", "from .local import *\n")];
        assert_eq!(project(&files).settings().unwrap().projects().count(), 1);
    }
}
