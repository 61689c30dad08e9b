//! Django's `MigrationLoader` and `MigrationGraph` over plain data: what stands for what, who needs whom, what is missing,
//! where the circles and the leaves are, what a database with some of them applied makes of it.
//! <https://github.com/django/django/blob/5.2/django/db/migrations/loader.py>
//!
//! `tests/data/migration_graphs.json` holds Django's own answers. What a text does not tell is unknown here: apps without a
//! migration on the disk, settings without a value, lists that are computed. No answer hangs on a guess about them.

mod answers;
mod build;
mod circles;
mod replace;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::project::django::apps::MigrationName;
use crate::project::migrations::migration::Dependency;

pub use answers::{Inconsistency, Missing, Reach};

/// All migrations of a project, as their files declare them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    pub migrations: BTreeMap<MigrationName, Declared>,
    /// The app that a setting such as `AUTH_USER_MODEL` names.
    pub swapped: BTreeMap<String, String>,
}

/// What a migration's class says of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub dependencies: Vec<Dependency>,
    pub run_before: Vec<Dependency>,
    pub replaces: Vec<MigrationName>,
    /// `dependencies` or `run_before` may hold more.
    pub depends_on_more: bool,
    /// `replaces` may hold more: nobody knows what it stands for.
    pub replaces_more: bool,
}

/// The list that an edge stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    Dependencies,
    RunBefore,
}

/// Where an edge is declared: an entry of a list of a migration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub by: MigrationName,
    pub list: List,
    pub index: usize,
}

/// The graph that Django makes of a disk for one database.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<MigrationName, Links>,
    /// What is named and not there.
    dummies: BTreeSet<MigrationName>,
    /// Squashes and what they stand for.
    replacements: BTreeMap<MigrationName, Vec<MigrationName>>,
    /// Squashes that another one has taken out of the graph before their turn.
    lost: Vec<MigrationName>,
    /// Apps whose migrations all wait for each other, so that none is the first or the last.
    endless: BTreeSet<String>,
    circles: Vec<BTreeSet<MigrationName>>,
    /// What is in a circle or not there.
    broken: BTreeSet<MigrationName>,
}

/// One node with its edges.
#[derive(Clone, Debug, Default)]
struct Links {
    /// What it needs, and who says so.
    parents: BTreeMap<MigrationName, BTreeSet<Entry>>,
    children: BTreeSet<MigrationName>,
    /// It may need more than this, in any app.
    is_open: bool,
    /// It may need more of its own app, or stand for more of it.
    is_open_within: bool,
}

impl Graph {
    /// The nodes of an app, by name.
    fn of_app<'a>(&'a self, app: &'a str) -> impl Iterator<Item = (&'a MigrationName, &'a Links)> {
        let first = MigrationName { app: app.to_owned(), name: String::new() };
        self.nodes.range(first..).take_while(move |(name, _)| name.app == app)
    }
}
