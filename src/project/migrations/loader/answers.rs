//! What is asked of a graph.

use std::collections::BTreeSet;

use crate::project::django::apps::MigrationName;

use super::{Entry, Graph};

/// A reference to a migration that is not there: Django's `NodeNotFoundError`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub name: MigrationName,
    /// Who names it.
    pub entry: Entry,
}

/// Applied before what it needs: Django's `InconsistentMigrationHistory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistency {
    pub applied: MigrationName,
    pub needs: MigrationName,
    /// Who says so.
    pub entries: Vec<Entry>,
}

/// All that a migration needs, near and far.
#[derive(Debug)]
pub struct Reach<'a> {
    pub names: BTreeSet<&'a MigrationName>,
    /// There may be more.
    pub is_open: bool,
}

impl Graph {
    /// Is it a node: on the disk, not replaced, and if it is a squash, one that can be used?
    pub fn has(&self, name: &MigrationName) -> bool {
        self.nodes.contains_key(name) && !self.dummies.contains(name)
    }

    /// Is it in a circle, or not there?
    pub fn is_broken(&self, name: &MigrationName) -> bool {
        self.broken.contains(name)
    }

    /// What a node needs.
    pub fn parents(&self, name: &MigrationName) -> impl Iterator<Item = &MigrationName> {
        self.nodes.get(name).into_iter().flat_map(|links| links.parents.keys())
    }

    /// Who says that a node needs another.
    pub fn entries(&self, child: &MigrationName, parent: &MigrationName) -> impl Iterator<Item = &Entry> {
        let links = self.nodes.get(child);
        links.and_then(|links| links.parents.get(parent)).into_iter().flatten()
    }

    /// Migrations of an app that need none of it.
    pub fn roots<'a>(&'a self, app: &'a str) -> Vec<&'a MigrationName> {
        let roots =
            self.of_app(app).filter(|(_, links)| links.parents.keys().all(|parent| parent.app != app));
        roots.map(|(name, _)| name).collect()
    }

    /// Migrations of an app that none of it needs. More than one is what Django calls a conflict.
    pub fn leaves<'a>(&'a self, app: &'a str) -> Vec<&'a MigrationName> {
        let leaves =
            self.of_app(app).filter(|(_, links)| links.children.iter().all(|child| child.app != app));
        leaves.map(|(name, _)| name).collect()
    }

    /// The leaves that are leaves whatever the text does not tell, and hang on nothing that is missing and no circle.
    pub fn sure_leaves<'a>(&'a self, app: &'a str) -> Vec<&'a MigrationName> {
        let open = self.of_app(app).filter(|(_, links)| links.is_open_within);
        let open: Vec<_> = open.map(|(name, _)| name).collect();
        let is_whole = |name: &MigrationName| !self.broken.contains(name);
        let mut leaves = self.leaves(app);
        leaves.retain(|leaf| {
            let before = self.before(leaf);
            open.iter().all(|name| name == leaf || before.contains(name))
                && is_whole(leaf)
                && before.iter().all(|name| is_whole(name))
        });
        leaves
    }

    /// What a node needs of its own app, near and far.
    pub fn before<'a>(&'a self, name: &'a MigrationName) -> BTreeSet<&'a MigrationName> {
        self.up(name, |parent| parent.app == name.app).names
    }

    /// All that a node needs.
    pub fn reach<'a>(&'a self, name: &'a MigrationName) -> Reach<'a> {
        self.up(name, |_| true)
    }

    fn up<'a>(&'a self, name: &'a MigrationName, follow: impl Fn(&MigrationName) -> bool) -> Reach<'a> {
        let mut reach = Reach { names: BTreeSet::new(), is_open: false };
        let mut todo = vec![name];
        while let Some(links) = todo.pop().and_then(|name| self.nodes.get(name)) {
            reach.is_open |= links.is_open;
            for parent in links.parents.keys().filter(|parent| follow(parent)) {
                if reach.names.insert(parent) {
                    todo.push(parent);
                }
            }
        }
        reach
    }

    /// All that needs a node, near and far.
    pub fn needed_by<'a>(&'a self, name: &'a MigrationName) -> BTreeSet<&'a MigrationName> {
        let mut found = BTreeSet::new();
        let mut todo = vec![name];
        while let Some(links) = todo.pop().and_then(|name| self.nodes.get(name)) {
            todo.extend(links.children.iter().filter(|child| found.insert(*child)));
        }
        found
    }

    /// Every reference to what is not there. What the text does not tell of squashes is for the caller to ask.
    pub fn missing(&self) -> Vec<Missing> {
        let dummies = self.dummies.iter().filter_map(|name| Some((name, self.nodes.get(name)?)));
        let named = dummies.flat_map(|(name, links)| {
            let below = links.children.iter().flat_map(|child| self.entries(child, name));
            let named: BTreeSet<&Entry> = below.chain(links.parents.values().flatten()).collect();
            named.into_iter().map(|entry| Missing { name: name.clone(), entry: entry.clone() })
        });
        named.collect()
    }

    /// Squashes that Django cannot find when their turn comes: another one replaces them.
    pub fn lost_squashes(&self) -> &[MigrationName] {
        &self.lost
    }

    /// Apps of which the first or last migration is asked for, and that have none.
    pub fn endless_apps(&self) -> &BTreeSet<String> {
        &self.endless
    }

    /// What a database with these applied cannot go on from.
    pub fn inconsistent(&self, applied: &BTreeSet<MigrationName>) -> Vec<Inconsistency> {
        let is_covered = |name: &MigrationName| {
            applied.contains(name)
                || self
                    .replacements
                    .get(name)
                    .is_some_and(|old| old.iter().all(|name| applied.contains(name)))
        };
        let nodes = self.nodes.iter().filter(|(name, _)| applied.contains(*name));
        let early = nodes.flat_map(|(name, links)| {
            let parents = links.parents.iter().filter(|(parent, _)| !is_covered(parent));
            parents.map(|(parent, entries)| Inconsistency {
                applied: name.clone(),
                needs: parent.clone(),
                entries: entries.iter().cloned().collect(),
            })
        });
        early.collect()
    }
}
