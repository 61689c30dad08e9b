//! Squashes: who takes whose place in the graph.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::django::apps::MigrationName;

use super::{Entry, Graph, Links};

impl Graph {
    /// A squash takes the place of what it replaces where all or none of that is applied; else it is taken out itself.
    pub(super) fn carry_out_replacements(&mut self, applied: &BTreeSet<MigrationName>) {
        let mut applied = applied.clone();
        for (squash, replaced) in self.replacements.clone() {
            let count = replaced.iter().filter(|name| applied.contains(*name)).count();
            let (all, none) = (count == replaced.len(), count == 0);
            if all {
                applied.insert(squash.clone());
            } else {
                applied.remove(&squash);
            }
            if !self.nodes.contains_key(&squash) {
                self.lost.push(squash);
            } else if all || none {
                self.replace(&squash, &replaced.into_iter().collect());
            } else {
                self.take_out(&squash, &replaced);
            }
        }
    }

    fn replace(&mut self, squash: &MigrationName, replaced: &BTreeSet<MigrationName>) {
        for name in replaced.iter().filter(|name| *name != squash) {
            let Some(gone) = self.remove(name) else { continue };
            if let Some(links) = self.nodes.get_mut(squash) {
                links.is_open |= gone.is_open;
                links.is_open_within |= gone.is_open_within;
            }
            // Edges among the replaced would lead from the squash to itself.
            for (child, entries) in gone.children.into_iter().filter(|(child, _)| !replaced.contains(child)) {
                self.link(child, squash.clone(), entries);
            }
            for (parent, entries) in gone.parents.into_iter().filter(|(parent, _)| !replaced.contains(parent))
            {
                self.link(squash.clone(), parent, entries);
            }
        }
    }

    /// Who needed the squash needs the last of its originals.
    fn take_out(&mut self, squash: &MigrationName, replaced: &[MigrationName]) {
        let Some(gone) = self.remove(squash) else { return };
        let there: BTreeSet<&MigrationName> =
            replaced.iter().filter(|name| self.nodes.contains_key(*name)).collect();
        let earlier: BTreeSet<&MigrationName> =
            there.iter().flat_map(|name| self.nodes[*name].parents.keys()).collect();
        let last: Vec<MigrationName> = there.difference(&earlier).map(|name| (*name).clone()).collect();
        for (child, entries) in gone.children {
            for name in &last {
                self.link(child.clone(), name.clone(), entries.clone());
            }
        }
    }

    /// Takes a node out of the graph, with all its edges.
    fn remove(&mut self, name: &MigrationName) -> Option<Removed> {
        let Links { parents, children, is_open, is_open_within } = self.nodes.remove(name)?;
        for parent in parents.keys() {
            if let Some(links) = self.nodes.get_mut(parent) {
                links.children.remove(name);
            }
        }
        let children = children.into_iter().filter_map(|child| {
            let entries = self.nodes.get_mut(&child)?.parents.remove(name)?;
            Some((child, entries))
        });
        let children = children.collect();
        let parents = parents.into_iter().filter(|(parent, _)| parent != name).collect();
        Some(Removed { parents, children, is_open, is_open_within })
    }
}

/// A node that was taken out: its edges with who declared them.
struct Removed {
    parents: BTreeMap<MigrationName, BTreeSet<Entry>>,
    children: BTreeMap<MigrationName, BTreeSet<Entry>>,
    is_open: bool,
    is_open_within: bool,
}
