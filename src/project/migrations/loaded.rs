//! All migrations of a Django project at one commit, with the graph that Django's loader makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::change::Path;
use crate::source::{NotLoaded, Tree, snapshot::both};

use crate::project::django::apps::{App, MigrationName, is_test_only};
use crate::project::django::settings::Settings;
use crate::project::migrations::contrib;
use crate::project::migrations::links::Links;
use crate::project::migrations::loader::{Declared, Disk, Entry, Graph};
use crate::project::migrations::migration::{Dependency, DependencyAt};
use crate::project::{Fact, Project};

/// Migrations of one project. Of apps beyond that nobody knows anything.
const MAX_MIGRATIONS: usize = 10_000;
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
}

/// One migration of the repository.
#[derive(Clone, Debug)]
pub struct File {
    pub path: Path,
    pub links: Arc<Links>,
}

impl Fact for Loaded {
    type Key = [Path];

    fn find(project: &Project, roots: &[Path]) -> Result<Self, NotLoaded> {
        let ((apps, settings), tree) = both(both(project.apps(), project.fact::<Settings>(&())), project.tree())?;
        let apps: Vec<&App> = apps.iter().filter(|app| !is_test_only(&format!("{}/x.py", app.migrations))).collect();
        let paths = only_ones(&apps, &tree);
        let read = paths.into_iter().map(|(name, path)| Ok((name, project.links(&path)?, path)));
        let mut loaded = Self::default();
        for (name, links, path) in NotLoaded::all(read)? {
            // What is no migration stops Django, or is South's: of neither anything is known.
            let unknown = Declared { depends_on_more: true, ..Declared::default() };
            let declared = links.as_ref().map_or(unknown, |links| links.declared());
            loaded.disk.migrations.insert(name.clone(), declared);
            loaded.files.extend(links.map(|links| (name, File { path, links })));
        }
        let labels: BTreeSet<&str> = apps.iter().map(|app| app.label.as_str()).collect();
        loaded.disk.migrations.extend(contrib::declared().filter(|(name, _)| !labels.contains(&*name.app)));
        loaded.disk.swapped = swapped(&loaded.disk, &settings, roots);
        for (squash, declared) in &loaded.disk.migrations {
            let old = declared.replaces.iter().filter(|old| *old != squash);
            loaded.replaced.extend(old.map(|old| (old.clone(), squash.clone())));
        }
        loaded.graph = Graph::build(&loaded.disk, &BTreeSet::new());
        Ok(loaded)
    }
}

/// The migrations of apps that share their label with no other: nobody knows which of several Django would load.
fn only_ones(apps: &[&App], tree: &Tree) -> Vec<(MigrationName, Path)> {
    let mut by_label: BTreeMap<&str, Vec<&App>> = BTreeMap::new();
    for app in apps {
        by_label.entry(&app.label).or_default().push(app);
    }
    let mut found = Vec::new();
    for app in by_label.values().filter_map(|homes| if let [app] = homes[..] { Some(app) } else { None }) {
        let files = app.migration_files(tree).filter_map(|path| {
            let name = path.rsplit('/').next()?.strip_suffix(".py")?.to_owned();
            Some((MigrationName { app: app.label.clone(), name }, path.to_owned()))
        });
        let before = found.len();
        found.extend(files.take(MAX_MIGRATIONS + 1 - before));
        if found.len() > MAX_MIGRATIONS {
            found.truncate(before);
            break;
        }
    }
    found
}

/// The apps of the models that the settings name where a migration asks for one.
fn swapped(disk: &Disk, settings: &Settings, roots: &[Path]) -> BTreeMap<String, String> {
    let lists = disk.migrations.values().flat_map(|declared| declared.dependencies.iter().chain(&declared.run_before));
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
    /// The folders of the Django projects that an app belongs to; none where nobody knows.
    pub fn roots(_: &App) -> Vec<Path> {
        Vec::new()
    }

    /// The migrations of the projects in these folders.
    pub fn of(project: &Project, roots: &[Path]) -> Result<Arc<Self>, NotLoaded> {
        project.fact(roots)
    }

    pub fn file(&self, name: &MigrationName) -> Option<&File> {
        self.files.get(name)
    }

    /// The files of an app.
    pub fn of_app<'a>(&'a self, app: &'a str) -> impl Iterator<Item = (&'a MigrationName, &'a File)> {
        self.files.iter().filter(move |(name, _)| name.app == app)
    }

    /// The file in which something is declared, and the place in it.
    pub fn at(&self, entry: &Entry) -> Option<(&File, &DependencyAt)> {
        let file = self.files.get(&entry.by)?;
        Some((file, file.links.at(entry)?))
    }

    /// Does nobody know any migration of this app?
    pub fn is_unknown(&self, app: &str) -> bool {
        let first = MigrationName { app: app.to_owned(), name: String::new() };
        self.disk.migrations.range(first..).next().is_none_or(|(name, _)| name.app != app)
    }

    /// Does a squash of this app stand for what cannot be read?
    pub fn has_open_squash(&self, app: &str) -> bool {
        self.disk.migrations.iter().any(|(name, declared)| name.app == app && declared.replaces_more)
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

    /// Would this edge close a circle?
    pub fn closes_circle(&self, child: &MigrationName, parent: &MigrationName) -> bool {
        let (child, parent) = (self.standing(child), self.standing(parent));
        child == parent || self.graph.reach(parent).names.contains(child)
    }
}
