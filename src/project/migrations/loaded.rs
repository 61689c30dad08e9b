//! All migrations of a Django project at one commit, with the graph that Django's loader makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::change::Path;
use crate::source::tree::join;
use crate::source::{NotLoaded, Tree, snapshot::both};

use crate::project::django::apps::{App, Apps, MigrationName, is_test_only};
use crate::project::django::settings::Settings;
use crate::project::migrations::contrib;
use crate::project::migrations::links::Links;
use crate::project::migrations::loader::{Declared, Disk, Entry, Graph, List, Missing};
use crate::project::migrations::migration::Dependency;
use crate::project::{Fact, Project};

/// Migrations of one project. Of apps beyond that nobody knows anything.
pub const MAX_MIGRATIONS: usize = 10_000;
/// Squashes of squashes of squashes; more is a circle or a joke.
const MAX_SQUASHES: usize = 8;

#[derive(Debug, Default)]
pub struct Loaded {
    pub disk: Disk,
    /// For an empty database.
    pub graph: Graph,
    files: BTreeMap<MigrationName, File>,
    /// Replaced migration → the squash that stands for it.
    replaced: BTreeMap<MigrationName, MigrationName>,
    /// Apps with a squash that stands for what cannot be read.
    open_squashes: BTreeSet<String>,
}

/// Whose migrations make one graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The folders of the Django projects; none where nobody knows, and then all apps are in it.
    pub roots: Vec<Path>,
    /// The package that its label means where several apps have it.
    own: Option<Path>,
}

impl Scope {
    /// A project without a look at one of its apps.
    pub fn of_project(root: &str) -> Self {
        Self { roots: vec![root.to_owned()], own: None }
    }

    /// The graph that an app is in.
    pub fn around(apps: &Apps, app: &App) -> Self {
        let scope = Self { roots: app.projects.iter().cloned().collect(), own: None };
        let is_meant = matches!(scope.meant(apps, &app.label)[..], [only] if only == app);
        Self { own: (!is_meant).then(|| app.migrations.clone()), ..scope }
    }

    /// The apps that a label may mean: of several one that is surely installed is the only one.
    fn meant<'a>(&self, apps: &'a Apps, label: &str) -> Vec<&'a App> {
        let is_in = |projects: &BTreeSet<Path>| self.roots.iter().any(|root| projects.contains(root));
        let of_label =
            apps.iter().filter(|app| app.label == label && !is_test_only(&join(&app.migrations, "x.py")));
        let mut meant: Vec<&App> =
            of_label.filter(|app| self.roots.is_empty() || is_in(&app.projects)).collect();
        if let Some(own) = meant.iter().find(|app| Some(&app.migrations) == self.own.as_ref()) {
            return vec![own];
        }
        if meant.len() > 1 && meant.iter().any(|app| is_in(&app.installed)) {
            meant.retain(|app| is_in(&app.installed));
        }
        meant
    }
}

/// One migration of the repository.
#[derive(Clone, Debug)]
pub struct File {
    pub path: Path,
    pub links: Arc<Links>,
}

impl Fact for Loaded {
    type Key = Scope;

    fn find(project: &Project, scope: &Scope) -> Result<Self, NotLoaded> {
        let ((apps, settings), tree) =
            both(both(project.apps(), project.fact::<Settings>(&())), project.tree())?;
        let (paths, labels) = (paths(&apps, &tree, scope), apps.iter().map(|app| app.label.as_str()));
        let labels: BTreeSet<&str> = labels.collect();
        let read = paths.into_iter().map(|(name, path)| Ok((name, project.links(&path)?, path)));
        let mut loaded = Self::default();
        for (name, links, path) in NotLoaded::all(read)? {
            // What is no migration stops Django, or is South's: of neither anything is known.
            let unknown = Declared { depends_on_more: true, ..Declared::default() };
            let declared = links.as_ref().map_or(unknown, |links| links.declared());
            loaded.disk.migrations.insert(name.clone(), declared);
            loaded.files.extend(links.map(|links| (name, File { path, links })));
        }
        loaded.disk.migrations.extend(contrib::declared().filter(|(name, _)| !labels.contains(&*name.app)));
        loaded.disk.swapped = swapped(&loaded.disk, &settings, &scope.roots);
        for (squash, declared) in &loaded.disk.migrations {
            let old = declared.replaces.iter().filter(|old| *old != squash);
            loaded.replaced.extend(old.map(|old| (old.clone(), squash.clone())));
            if declared.replaces_more {
                loaded.open_squashes.insert(squash.app.clone());
            }
        }
        loaded.graph = Graph::build(&loaded.disk, &BTreeSet::new());
        Ok(loaded)
    }
}

/// The migrations of all apps whose label means one: of several nobody knows which Django would load.
fn paths(apps: &Apps, tree: &Tree, scope: &Scope) -> Vec<(MigrationName, Path)> {
    let labels: BTreeSet<&str> = apps.iter().map(|app| app.label.as_str()).collect();
    let mut found = Vec::new();
    for label in labels {
        let [app] = scope.meant(apps, label)[..] else { continue };
        let names = app.migration_files(tree).filter_map(|path| {
            Some((
                MigrationName { app: label.to_owned(), name: apps.migration_name(path)?.name },
                path.to_owned(),
            ))
        });
        let before = found.len();
        found.extend(names.take(MAX_MIGRATIONS + 1 - before));
        if found.len() > MAX_MIGRATIONS {
            found.truncate(before);
            break;
        }
    }
    found
}

/// The apps of the models that the settings name where a migration asks for one.
fn swapped(disk: &Disk, settings: &Settings, roots: &[Path]) -> BTreeMap<String, String> {
    let lists = disk
        .migrations
        .values()
        .flat_map(|declared| declared.dependencies.iter().chain(&declared.run_before));
    let named: BTreeSet<&str> = lists
        .filter_map(|dependency| match dependency {
            Dependency::Swappable(setting) => Some(setting.as_str()),
            Dependency::On(_) | Dependency::Unknown => None,
        })
        .collect();
    let known = named.into_iter().filter_map(|setting| {
        let model = settings.model(setting, roots)?;
        Some((setting.to_owned(), model.split_once('.')?.0.to_owned()))
    });
    known.collect()
}

impl Loaded {
    /// The graph that the migration at a path is in.
    pub fn around(project: &Project, path: &str) -> Result<Arc<Self>, NotLoaded> {
        let apps = project.apps()?;
        let app = apps.of_migration_file(path);
        app.map_or_else(|| Ok(Arc::default()), |app| project.fact(&Scope::around(&apps, app)))
    }

    pub fn file(&self, name: &MigrationName) -> Option<&File> {
        self.files.get(name)
    }

    /// The files of an app.
    pub fn of_app<'a>(&'a self, app: &'a str) -> impl Iterator<Item = (&'a MigrationName, &'a File)> {
        let first = MigrationName { app: app.to_owned(), name: String::new() };
        self.files.range(first..).take_while(move |(name, _)| name.app == app)
    }

    /// Does nobody know any migration of this app?
    pub fn is_unknown(&self, app: &str) -> bool {
        let first = MigrationName { app: app.to_owned(), name: String::new() };
        self.disk.migrations.range(first..).next().is_none_or(|(name, _)| name.app != app)
    }

    /// The references to migrations of such apps.
    pub fn to_unknown_apps(&self) -> Vec<Missing> {
        let mut found = Vec::new();
        for (by, file) in &self.files {
            let lists =
                [(List::Dependencies, &file.links.dependencies), (List::RunBefore, &file.links.run_before)];
            for (list, entries) in lists {
                for (index, at) in entries.iter().enumerate() {
                    let named = at.dependency.migration().filter(|name| !name.name.starts_with("__"));
                    if let Some(name) = named.filter(|name| self.is_unknown(&name.app)) {
                        let entry = Entry { by: by.clone(), list, index };
                        found.push(Missing { name: name.clone(), entry });
                    }
                }
            }
        }
        found
    }

    /// Does a squash of this app stand for what cannot be read?
    pub fn has_open_squash(&self, app: &str) -> bool {
        self.open_squashes.contains(app)
    }

    /// The squash that stands for a migration, also through squashes of squashes; else itself.
    pub fn standing<'a>(&'a self, name: &'a MigrationName) -> &'a MigrationName {
        let mut standing = name;
        for _ in 0..MAX_SQUASHES {
            match self.replaced.get(standing) {
                Some(squash) => standing = squash,
                None => break,
            }
        }
        standing
    }

    /// The last migration of an app that does not need this one.
    pub fn last_without<'a>(&'a self, name: &'a MigrationName) -> Option<&'a MigrationName> {
        let needing = self.graph.needed_by(name);
        let of_app = self.of_app(&name.app).map(|(other, _)| other);
        let free = of_app.filter(|other| self.graph.has(other) && *other != name && !needing.contains(other));
        let free: BTreeSet<&MigrationName> = free.collect();
        let needed: BTreeSet<&MigrationName> =
            free.iter().flat_map(|other| self.graph.parents(other)).collect();
        free.difference(&needed).last().copied()
    }

    /// The migrations that an entry cannot name without closing a circle.
    pub fn circling<'a>(&'a self, entry: &'a Entry) -> BTreeSet<&'a MigrationName> {
        let by = self.standing(&entry.by);
        let mut circling = match entry.list {
            List::Dependencies => self.graph.needed_by(by),
            List::RunBefore => self.graph.reach(by).names,
        };
        circling.insert(by);
        let replaced = self.replaced.iter().filter(|(_, squash)| circling.contains(squash));
        let replaced: Vec<&MigrationName> = replaced.map(|(old, _)| old).collect();
        circling.extend(replaced);
        circling
    }
}
