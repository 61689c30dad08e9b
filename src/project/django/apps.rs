//! Apps and their migration packages: which file is which migration of which app.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::Path;
use crate::source::Tree;
use crate::source::tree::{above, file_name, folder};

use crate::project::django::settings::is_settings;

/// An app by its label, which is what `django_migrations` stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct App {
    pub label: String,
    /// Folder of the app's package.
    pub folder: Path,
    /// Folder of its migration package: `<folder>/migrations` unless `MIGRATION_MODULES` says otherwise.
    pub migrations: Path,
    /// Roots of the Django projects that may load it: the nearest above it, and those that install it from elsewhere.
    /// Empty where nobody knows.
    pub projects: BTreeSet<Path>,
    /// Those of them whose settings surely install it.
    pub installed: BTreeSet<Path>,
}

/// All apps with a migration package in the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apps {
    pub(super) by_package: BTreeMap<Path, App>,
    /// The folders of the repository's Django projects.
    pub(super) roots: BTreeSet<Path>,
    /// Those that surely have no other apps than the repository's and Django's own.
    pub(super) closed: BTreeSet<Path>,
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

    /// The apps that a label may mean to the file at `from`, which need not exist: one, or none in its project; several
    /// where nobody can tell.
    pub fn labelled(&self, label: &str, from: &str) -> Vec<&App> {
        let own = self.home(from);
        if let Some(app) = own.filter(|app| app.label == label) {
            return vec![app];
        }
        let projects = self.projects_of(own, from);
        let all = self.iter().filter(|app| app.label == label);
        let mut found: Vec<&App> =
            all.filter(|app| projects.is_empty() || !app.projects.is_disjoint(&projects)).collect();
        // Django refuses two apps of one label: what is surely installed is the only one.
        if found.iter().any(|app| !app.installed.is_disjoint(&projects)) {
            found.retain(|app| !app.installed.is_disjoint(&projects));
        }
        found
    }

    /// Has the project of the file at `from` surely no other apps with migrations than these and Django's own?
    pub fn has_no_more(&self, from: &str) -> bool {
        let projects = self.projects_of(self.home(from), from);
        !projects.is_empty() && projects.is_subset(&self.closed)
    }

    /// The nearest app whose folder a path stands in.
    pub fn around(&self, path: &str) -> Option<&App> {
        let holds = |app: &&App| path.strip_prefix(&*app.folder).is_some_and(|rest| rest.starts_with('/'));
        self.iter().filter(holds).max_by_key(|app| app.folder.len())
    }

    /// The app of a migration, else the nearest around a path.
    fn home(&self, path: &str) -> Option<&App> {
        self.of_migration_file(path).or_else(|| self.around(path))
    }

    /// The projects of an app, else of what stands at a path.
    fn projects_of(&self, app: Option<&App>, path: &str) -> BTreeSet<Path> {
        app.map_or_else(|| self.root_above(path), |app| app.projects.clone())
    }

    /// The nearest project above a path, if there is one.
    pub(super) fn root_above(&self, path: &str) -> BTreeSet<Path> {
        above(path).find(|at| self.roots.contains(*at)).map(str::to_owned).into_iter().collect()
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

/// Could this path be a migration file, by its name alone: a module in a folder `migrations`, or `0001_initial.py`?
pub fn looks_like_migration(path: &str) -> bool {
    path.ends_with(".py")
        && !file_name(path).starts_with('_')
        && (file_name(folder(path)) == "migrations" || is_numbered(path))
}

/// `0001_initial.py`
pub(super) fn is_numbered(path: &str) -> bool {
    let name = file_name(path).as_bytes();
    path.ends_with(".py")
        && name.iter().take_while(|b| b.is_ascii_digit()).count() == 4
        && name.get(4) == Some(&b'_')
}

/// Can a change of this file add, change, move or remove migrations, or give their app another label?
pub fn may_move_migrations(path: &str) -> bool {
    let below = |name: &str| path.split('/').rev().skip(1).any(|part| part.contains(name));
    below("migrations") || is_numbered(path) || file_name(path) == "apps.py" || is_settings(path)
}

/// Migrations of apps that only tests install: no database keeps them. A template's are not even migrations yet.
pub fn is_test_only(path: &str) -> bool {
    let app = folder(folder(path));
    app.split('/').any(|part| {
        matches!(part, "tests" | "test" | "testapp" | "test_app" | "testproject" | "test_project")
            || part.contains("{{")
    })
}
