//! The migration graph of some apps, as Django's loader would build it: what stands for what, who needs whom.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::change::Path;
use crate::source::{NotLoaded, snapshot::both};

use crate::project::django::apps::{App, MigrationName};
use crate::project::migrations::migration::{Dependency, Migration, is_south};
use crate::project::{Fact, Project};

/// One migration file.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: MigrationName,
    pub path: Path,
    pub migration: Arc<Migration>,
}

/// Migrations of the apps it was built from. References to other apps lead out of it.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<MigrationName, Node>,
    /// Replaced migration → the squash that stands for it.
    replaced: BTreeMap<MigrationName, MigrationName>,
    /// Migration → those that ask to run before it.
    earlier: BTreeMap<MigrationName, Vec<MigrationName>>,
}

impl Fact for Graph {
    type Key = [App];

    fn find(project: &Project, apps: &[App]) -> Result<Self, NotLoaded> {
        Self::read(project, apps)
    }
}

impl Graph {
    /// Reads the migration files of these apps and no others.
    pub fn of(project: &Project, apps: &[App]) -> Result<Arc<Self>, NotLoaded> {
        project.fact(apps)
    }

    fn read(project: &Project, apps: &[App]) -> Result<Self, NotLoaded> {
        let tree = project.tree()?;
        let files = apps.iter().flat_map(|app| app.migration_files(&tree).map(move |path| (app, path)));
        let read = files.map(|(app, path)| Ok((app, path, project.migration(path)?)));
        let mut graph = Self::default();
        for (app, path, migration) in NotLoaded::all(read)? {
            let name = path.rsplit('/').next().and_then(|n| n.strip_suffix(".py"));
            let (Some(migration), Some(name)) = (migration.filter(|m| !is_south(m)), name) else { continue };
            let name = MigrationName { app: app.label.clone(), name: name.to_owned() };
            for old in migration.replaced() {
                graph.replaced.insert(old.clone(), name.clone());
            }
            for later in migration.run_before.iter().filter_map(|d| d.dependency.migration()) {
                graph.earlier.entry(later.clone()).or_default().push(name.clone());
            }
            graph.nodes.insert(name.clone(), Node { name, path: path.to_owned(), migration });
        }
        Ok(graph)
    }

    /// The graph of all apps that have one of these files.
    pub fn around<'a>(
        project: &Project,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Arc<Self>, NotLoaded> {
        let (apps, _) = both(project.apps(), project.tree())?;
        let touched: BTreeMap<&str, App> = paths
            .into_iter()
            .filter_map(|path| apps.of_migration_file(path))
            .map(|app| (app.migrations.as_str(), app.clone()))
            .collect();
        Self::of(project, &touched.into_values().collect::<Vec<_>>())
    }

    /// The graph of the app that a label means to the file at `from`: of several where nobody can tell.
    pub fn labelled(project: &Project, label: &str, from: &str) -> Result<Arc<Self>, NotLoaded> {
        let apps: Vec<App> = project.apps()?.labelled(label, from).into_iter().cloned().collect();
        Self::of(project, &apps)
    }

    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    pub fn get(&self, name: &MigrationName) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// Is there a file for it, or a squash that stands for it?
    pub fn knows(&self, name: &MigrationName) -> bool {
        self.nodes.contains_key(name) || self.replaced.contains_key(name)
    }

    /// Itself, or the squash that stands for it (also through squashes of squashes).
    pub fn standing<'a>(&'a self, name: &'a MigrationName) -> &'a MigrationName {
        let mut name = name;
        for _ in 0..=self.replaced.len() {
            match self.replaced.get(name) {
                Some(squash) if squash != name => name = squash,
                _ => break,
            }
        }
        name
    }

    /// What a node needs, inside and outside of this graph, squashes standing for what they replace.
    pub fn parents<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a MigrationName> {
        let own = node.migration.dependencies.iter().filter_map(|d| d.dependency.migration());
        let before = self.earlier.get(&node.name).into_iter().flatten();
        let all = own.chain(before).map(|name| self.standing(name));
        all.filter(|name| **name != node.name)
    }

    /// Migrations of an app that nothing of the same app needs. More than one is what Django calls a conflict.
    pub fn leaves(&self, app: &str) -> Vec<&Node> {
        let own =
            || self.nodes.values().filter(|n| n.name.app == app && !self.replaced.contains_key(&n.name));
        let needed: BTreeSet<&MigrationName> = self
            .nodes
            .values()
            .filter(|n| n.name.app == app)
            .flat_map(|n| {
                let standing = self.standing(&n.name);
                self.parents(n).filter(move |parent| *parent != standing)
            })
            .collect();
        own().filter(|n| !needed.contains(&n.name)).collect()
    }

    /// All that a node needs, near and far, as far as this graph reaches.
    pub fn ancestors(&self, name: &MigrationName) -> BTreeSet<&MigrationName> {
        let mut found = BTreeSet::new();
        let mut todo: Vec<&Node> = self.nodes.get(name).into_iter().collect();
        while let Some(node) = todo.pop() {
            for parent in self.parents(node) {
                if found.insert(parent) {
                    todo.extend(self.nodes.get(parent));
                }
            }
        }
        found
    }

    /// What runs in its own app before a migration, each behind what it depends on. Here an original stands for itself
    /// as long as it is there: its squash would say more than the migration meets.
    pub fn history<'a>(&'a self, app: &str, migration: &Migration) -> Vec<&'a Node> {
        let node =
            |name: &MigrationName| self.nodes.get(name).or_else(|| self.nodes.get(self.replaced.get(name)?));
        let before = |migration: &Migration| -> Vec<&'a Node> {
            let names = migration.dependencies.iter().filter_map(|d| d.dependency.migration());
            names.filter(|name| name.app == app).filter_map(node).collect()
        };
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        // A node is entered once to put its dependencies above it, and left once they are done.
        let enter = |migration: &Migration| before(migration).into_iter().rev().map(|node| (node, false));
        let mut stack: Vec<(&Node, bool)> = enter(migration).collect();
        while let Some((node, done)) = stack.pop() {
            if done {
                order.push(node);
            } else if seen.insert(&node.name) {
                stack.push((node, true));
                stack.extend(enter(&node.migration));
            }
        }
        order
    }

    /// The first node that needs itself, near or far.
    pub fn in_circle(&self) -> Option<&Node> {
        // Whoever needs nothing more is taken out, over and over: what stays is in a circle or needs one.
        let mut needs: BTreeMap<&MigrationName, usize> = BTreeMap::new();
        let mut needed_by: BTreeMap<&MigrationName, Vec<&MigrationName>> = BTreeMap::new();
        for node in self.nodes.values() {
            let parents: Vec<_> = self.parents(node).filter(|p| self.nodes.contains_key(*p)).collect();
            needs.insert(&node.name, parents.len());
            parents.into_iter().for_each(|parent| needed_by.entry(parent).or_default().push(&node.name));
        }
        let mut free: Vec<&MigrationName> =
            needs.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
        while let Some(name) = free.pop() {
            needs.remove(name);
            for child in needed_by.get(name).into_iter().flatten() {
                if let Some(left) = needs.get_mut(child) {
                    *left -= 1;
                    if *left == 0 {
                        free.push(child);
                    }
                }
            }
        }
        needs
            .into_keys()
            .find(|name| self.ancestors(name).contains(name))
            .and_then(|name| self.nodes.get(name))
    }

    /// Is something about an app's edges unknown from the text?
    pub fn is_partial(&self, app: &str) -> bool {
        self.nodes.values().any(|n| n.name.app == app && n.migration.dependencies_partial)
    }
}

impl Dependency {
    /// The migration it names, if it names one.
    pub fn migration(&self) -> Option<&MigrationName> {
        match self {
            Self::On(name) => Some(name),
            Self::Swappable(_) | Self::Unknown => None,
        }
    }
}

impl Migration {
    /// The migrations that it stands for.
    pub fn replaced(&self) -> impl Iterator<Item = &MigrationName> {
        self.replaces.iter().filter_map(|r| r.dependency.migration())
    }
}
