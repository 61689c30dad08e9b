//! Circles: migrations that wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::django::apps::MigrationName;

use super::{Graph, Links};

impl Graph {
    /// Sets of migrations that all wait for each other, near or far; one alone waits for itself.
    pub fn circles(&self) -> &[BTreeSet<MigrationName>] {
        &self.circles
    }

    pub(super) fn find_circles(&self) -> Vec<BTreeSet<MigrationName>> {
        // Kosaraju's way: who is left last when going up is asked first when going down.
        let mut done = BTreeSet::new();
        let mut order = Vec::new();
        for name in self.nodes.keys() {
            self.walk(name, &mut done, |links| links.parents.keys().collect(), &mut order);
        }
        let mut circles = Vec::new();
        let mut done = BTreeSet::new();
        for name in order.into_iter().rev() {
            let mut found = Vec::new();
            self.walk(name, &mut done, |links| links.children.iter().collect(), &mut found);
            let waits_for_itself = || self.parents(name).any(|parent| parent == name);
            if found.len() > 1 || (found.len() == 1 && waits_for_itself()) {
                circles.push(found.into_iter().cloned().collect());
            }
        }
        circles
    }

    /// A shortest way from a migration back to itself: each depends on the next, the last on the first.
    pub fn way_round<'a>(&'a self, start: &'a MigrationName) -> Vec<&'a MigrationName> {
        let mut from: BTreeMap<&MigrationName, &MigrationName> = BTreeMap::new();
        let mut todo = std::collections::VecDeque::from([start]);
        while let Some(name) = todo.pop_front() {
            for parent in self.nodes.get(name).into_iter().flat_map(|links| links.parents.keys()) {
                if parent == start {
                    let mut way: Vec<_> =
                        std::iter::successors(Some(name), |at| from.get(at).copied()).collect();
                    way.reverse();
                    return way;
                }
                if !from.contains_key(parent) {
                    from.insert(parent, name);
                    todo.push_back(parent);
                }
            }
        }
        Vec::new()
    }

    /// Goes through all that can be reached and is not `done`, each behind what it leads to.
    fn walk<'a>(
        &'a self,
        start: &'a MigrationName,
        done: &mut BTreeSet<&'a MigrationName>,
        next: impl Fn(&'a Links) -> Vec<&'a MigrationName>,
        order: &mut Vec<&'a MigrationName>,
    ) {
        // A node is entered once to put what it leads to above it, and left once that is done.
        let mut stack = vec![(start, false)];
        while let Some((name, is_left)) = stack.pop() {
            if is_left {
                order.push(name);
            } else if done.insert(name) {
                stack.push((name, true));
                stack.extend(self.nodes.get(name).into_iter().flat_map(&next).map(|name| (name, false)));
            }
        }
    }
}
