//! From the disk to the graph, step by step as `MigrationLoader.build_graph` takes them.

use std::collections::BTreeSet;

use crate::project::django::apps::MigrationName;
use crate::project::migrations::migration::Dependency;

use super::{Declared, Disk, Entry, Graph, Links, List};

const FIRST: &str = "__first__";
const LATEST: &str = "__latest__";

impl Graph {
    /// The graph for a database that has applied some of them.
    pub fn build(disk: &Disk, applied: &BTreeSet<MigrationName>) -> Self {
        let mut graph = Self::default();
        for (name, declared) in &disk.migrations {
            graph.nodes.insert(name.clone(), Links::of(declared));
            // What stands for nobody knows what is left where it is.
            if !declared.replaces.is_empty() && !declared.replaces_more {
                graph.replacements.insert(name.clone(), declared.replaces.clone());
            }
        }
        // Those within an app come first, so that `__first__` and `__latest__` of other apps are known.
        for (name, declared) in &disk.migrations {
            graph.add_within(name, declared);
        }
        let apps: BTreeSet<&str> = disk.migrations.keys().map(|name| name.app.as_str()).collect();
        for (name, declared) in &disk.migrations {
            graph.add_across(disk, &apps, name, declared);
        }
        graph.carry_out_replacements(applied);
        graph.circles = graph.find_circles();
        graph.broken = graph.circles.iter().flatten().chain(&graph.dummies).cloned().collect();
        graph
    }

    fn add_within(&mut self, name: &MigrationName, declared: &Declared) {
        for (index, dependency) in declared.dependencies.iter().enumerate() {
            let Dependency::On(parent) = dependency else { continue };
            // Its own `__first__` says nothing (https://code.djangoproject.com/ticket/22325), its own `__latest__` is a name.
            if parent.app == name.app && parent.name != FIRST {
                let entry = Entry { by: name.clone(), list: List::Dependencies, index };
                self.add_edge(name.clone(), parent.clone(), entry);
            }
        }
    }

    fn add_across(&mut self, disk: &Disk, apps: &BTreeSet<&str>, name: &MigrationName, declared: &Declared) {
        for (index, dependency) in declared.dependencies.iter().enumerate() {
            if let Some(parent) = self.meant(disk, apps, name, dependency).filter(|p| p.app != name.app) {
                let entry = Entry { by: name.clone(), list: List::Dependencies, index };
                self.add_edge(name.clone(), parent, entry);
            }
        }
        for (index, dependency) in declared.run_before.iter().enumerate() {
            if let Some(child) = self.meant(disk, apps, name, dependency) {
                let entry = Entry { by: name.clone(), list: List::RunBefore, index };
                self.add_edge(child, name.clone(), entry);
            }
        }
    }

    /// The migration that a reference means, as `check_key` finds it. One to an app that is not on the disk leaves open
    /// what it needs.
    fn meant(
        &mut self,
        disk: &Disk,
        apps: &BTreeSet<&str>,
        from: &MigrationName,
        dependency: &Dependency,
    ) -> Option<MigrationName> {
        let name = match dependency {
            Dependency::On(name) => name.clone(),
            Dependency::Swappable(setting) => match disk.swapped.get(setting) {
                Some(app) => MigrationName { app: app.clone(), name: FIRST.to_owned() },
                None => return self.leave_open(from),
            },
            Dependency::Unknown => return self.leave_open(from),
        };
        let is_end = name.name == FIRST || name.name == LATEST;
        if is_end && !self.nodes.contains_key(&name) {
            if name.app == from.app {
                return None;
            }
            if !apps.contains(name.app.as_str()) {
                return self.leave_open(from);
            }
            let ends = if name.name == FIRST { self.roots(&name.app) } else { self.leaves(&name.app) };
            let end = ends.first().map(|end| (*end).clone());
            if end.is_none() {
                self.endless.insert(name.app);
            }
            return end;
        }
        if apps.contains(name.app.as_str()) { Some(name) } else { self.leave_open(from) }
    }

    fn leave_open(&mut self, name: &MigrationName) -> Option<MigrationName> {
        if let Some(links) = self.nodes.get_mut(name) {
            links.is_open = true;
        }
        None
    }

    fn add_edge(&mut self, child: MigrationName, parent: MigrationName, entry: Entry) {
        for end in [&child, &parent] {
            if !self.nodes.contains_key(end) {
                self.nodes.insert(end.clone(), Links::default());
                self.dummies.insert(end.clone());
            }
        }
        self.link(child, parent, BTreeSet::from([entry]));
    }

    /// An edge between two nodes that are there.
    pub(super) fn link(&mut self, child: MigrationName, parent: MigrationName, entries: BTreeSet<Entry>) {
        if let Some(links) = self.nodes.get_mut(&parent) {
            links.children.insert(child.clone());
        }
        if let Some(links) = self.nodes.get_mut(&child) {
            links.parents.entry(parent).or_default().extend(entries);
        }
    }
}

impl Links {
    fn of(declared: &Declared) -> Self {
        Self {
            is_open: declared.depends_on_more,
            is_open_within: declared.depends_on_more || declared.replaces_more,
            ..Self::default()
        }
    }
}
