//! Apps and their migration packages: which file is which migration of which app.

use std::collections::BTreeMap;

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, join};
use crate::source::{NotLoaded, Tree};
use crate::syntax::python::{Module, string};

use super::Project;
use super::settings::{MigrationModule, looks_like_settings};

/// An app by its label, which is what `django_migrations` stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub label: String,
    /// Folder of the app's package.
    pub folder: Path,
    /// Folder of its migration package: `<folder>/migrations` unless `MIGRATION_MODULES` says otherwise.
    pub migrations: Path,
}

/// All apps with a migration package in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apps {
    by_package: BTreeMap<Path, App>,
}

/// A migration by what Django knows it by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MigrationName {
    pub app: String,
    pub name: String,
}

impl std::fmt::Display for MigrationName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.app, self.name)
    }
}

impl Apps {
    pub fn iter(&self) -> impl Iterator<Item = &App> {
        self.by_package.values()
    }

    /// Apps with this label: more than one in a monorepo.
    pub fn labelled<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a App> {
        self.iter().filter(move |app| app.label == label)
    }

    /// The app whose migration package holds this file directly.
    pub fn of_migration_file(&self, path: &str) -> Option<&App> {
        self.by_package.get(folder(path))
    }

    /// App and module name, when the path is a migration file: a `.py` directly in a migration package, not `__init__.py`.
    pub fn migration_name(&self, path: &str) -> Option<MigrationName> {
        let app = self.of_migration_file(path)?;
        let name = file_name(path).strip_suffix(".py").filter(|n| !n.starts_with('_'))?;
        Some(MigrationName { app: app.label.clone(), name: name.to_owned() })
    }
}

impl App {
    /// Paths of its migration files in the tree, ascending by name.
    pub fn migration_files<'a>(&'a self, tree: &'a Tree) -> impl Iterator<Item = &'a str> {
        tree.under(&self.migrations).filter(move |path| {
            folder(path) == self.migrations && path.ends_with(".py") && !file_name(path).starts_with('_')
        })
    }
}

/// Could this path be a migration file, by its name alone?
pub fn looks_like_migration(path: &str) -> bool {
    path.ends_with(".py") && file_name(folder(path)) == "migrations" && !file_name(path).starts_with('_')
}

/// Can a change of this file add, change, move or remove migrations, or give their app another label?
pub fn may_move_migrations(path: &str) -> bool {
    let below = |folder: &str| path.split('/').rev().skip(1).any(|part| part == folder);
    below("migrations") || file_name(path) == "apps.py" || looks_like_settings(path)
}

/// Migrations of apps that only tests install: no database keeps them. A template's are not even migrations yet.
pub fn is_test_only(path: &str) -> bool {
    let app = folder(folder(path));
    app.split('/').any(|part| {
        matches!(part, "tests" | "test" | "testapp" | "test_app" | "testproject" | "test_project")
            || part.contains("{{")
    })
}

/// Every folder `migrations` with Python files in it is a package; its label comes from the app's `AppConfig`.
pub(super) fn find(project: &Project) -> Result<Apps, NotLoaded> {
    let tree = project.tree()?;
    let mut packages: Vec<&str> =
        tree.entries.keys().filter(|p| looks_like_migration(p)).map(|p| folder(p)).collect();
    packages.dedup();
    packages.retain(|package| !is_vendored(package));
    let configs: Vec<Path> = packages.iter().map(|package| join(folder(package), "apps.py")).collect();
    let modules = NotLoaded::all(configs.iter().map(|path| project.module(path)))?;
    let by_package = packages.iter().zip(modules).map(|(package, config)| {
        let folder = folder(package);
        let label =
            config.and_then(|module| declared_label(&module)).unwrap_or_else(|| file_name(folder).to_owned());
        ((*package).to_owned(), App { label, folder: folder.to_owned(), migrations: (*package).to_owned() })
    });
    let mut apps = Apps { by_package: by_package.collect() };
    let settings = project.settings()?;
    for django in settings.projects() {
        for (label, module) in django.migration_modules() {
            apps.repoint(&tree, &django.root, &label, &module);
        }
    }
    Ok(apps)
}

impl Apps {
    /// What `MIGRATION_MODULES` says of a label counts, for the project whose settings say it.
    fn repoint(&mut self, tree: &Tree, root: &str, label: &str, module: &MigrationModule) {
        let below = |folder: &str| root.is_empty() || folder.starts_with(&format!("{root}/"));
        let known = self.by_package.values().find(|app| app.label == label && below(&app.folder)).cloned();
        match module {
            MigrationModule::Disabled => {
                self.by_package.retain(|_, app| app.label != label || !below(&app.folder));
            }
            MigrationModule::Package(dotted) => {
                let migrations = join(root, &dotted.replace('.', "/"));
                if !tree.under(&migrations).any(|path| path.ends_with(".py")) {
                    return;
                }
                self.by_package.retain(|_, app| app.label != label || !below(&app.folder));
                let folder = known.map_or_else(|| folder(&migrations).to_owned(), |app| app.folder);
                let app = App { label: label.to_owned(), folder, migrations: migrations.clone() };
                self.by_package.insert(migrations, app);
            }
        }
    }
}

/// Files of other people that stand in the tree.
pub fn is_vendored(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "node_modules" | "site-packages" | "bower_components" | "staticfiles"))
}

/// `AppConfig.label`, else the last component of `AppConfig.name`; of several configs the one marked `default`.
fn declared_label(module: &Module) -> Option<String> {
    let configs: Vec<_> = module
        .classes()
        .into_iter()
        .filter(|class| {
            class.bases().iter().any(|base| module.qualified(base).is_some_and(|q| q.ends_with("AppConfig")))
        })
        .collect();
    let config = match configs.as_slice() {
        [] => return None,
        [only] => only,
        several => {
            several.iter().find(|c| attribute(&c.body, "default").is_some()).or_else(|| several.first())?
        }
    };
    let label = attribute(&config.body, "label").and_then(string);
    let name = attribute(&config.body, "name").and_then(string);
    label.or_else(|| name.and_then(|n| n.rsplit('.').next())).map(str::to_owned)
}

fn attribute<'a>(body: &'a [ruff_python_ast::Stmt], name: &str) -> Option<&'a ruff_python_ast::Expr> {
    crate::syntax::python::assigned_in(body, name)
}
