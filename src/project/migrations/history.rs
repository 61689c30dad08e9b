//! What runs in an app before one of its migrations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::change::Path;
use crate::source::NotLoaded;

use crate::project::django::apps::{App, MigrationName};
use crate::project::migrations::links::Links;
use crate::project::{Fact, Project};

/// One migration file.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: MigrationName,
    pub path: Path,
    links: Arc<Links>,
}

/// The migrations of one app.
#[derive(Debug, Default)]
pub struct History {
    nodes: BTreeMap<MigrationName, Node>,
    /// Replaced migration → the squash that stands for it.
    replaced: BTreeMap<MigrationName, MigrationName>,
}

impl Fact for History {
    type Key = App;

    fn find(project: &Project, app: &App) -> Result<Self, NotLoaded> {
        let tree = project.tree()?;
        let read = app.migration_files(&tree).map(|path| Ok((path, project.links(path)?)));
        let mut history = Self::default();
        for (path, links) in NotLoaded::all(read)? {
            let name = path.rsplit('/').next().and_then(|n| n.strip_suffix(".py"));
            let (Some(links), Some(name)) = (links, name) else { continue };
            let name = MigrationName { app: app.label.clone(), name: name.to_owned() };
            for old in links.replaced() {
                history.replaced.insert(old.clone(), name.clone());
            }
            history.nodes.insert(name.clone(), Node { name, path: path.to_owned(), links });
        }
        Ok(history)
    }
}

impl History {
    /// What runs in its app before a migration, each behind what it depends on. Here an original stands for itself as
    /// long as it is there: its squash would say more than the migration meets.
    pub fn before<'a>(&'a self, app: &str, links: &Links) -> Vec<&'a Node> {
        self.ordered(app, self.direct(app, links))
    }

    /// All that runs in the app, each behind what it depends on. A squash stands back where one of its originals is
    /// there.
    pub fn all(&self) -> Vec<&Node> {
        let is_original = |name: &MigrationName| self.nodes.contains_key(name);
        let standing: Vec<&Node> =
            self.nodes.values().filter(|node| !node.links.replaced().any(is_original)).collect();
        let app = standing.first().map_or("", |node| node.name.app.as_str());
        self.ordered(app, standing)
    }

    /// What a migration depends on in its app.
    fn direct<'a>(&'a self, app: &str, links: &Links) -> Vec<&'a Node> {
        let node =
            |name: &MigrationName| self.nodes.get(name).or_else(|| self.nodes.get(self.replaced.get(name)?));
        let names = links.dependencies.iter().filter_map(|d| d.dependency.migration());
        names.filter(|name| name.app == app).filter_map(node).collect()
    }

    /// These with all that they depend on.
    fn ordered<'a>(&'a self, app: &str, last: Vec<&'a Node>) -> Vec<&'a Node> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        // A node is entered once to put its dependencies above it, and left once they are done.
        let enter = |nodes: Vec<&'a Node>| nodes.into_iter().rev().map(|node| (node, false));
        let mut stack: Vec<(&Node, bool)> = enter(last).collect();
        while let Some((node, done)) = stack.pop() {
            if done {
                order.push(node);
            } else if seen.insert(&node.name) {
                stack.push((node, true));
                stack.extend(enter(self.direct(app, &node.links)));
            }
        }
        order
    }
}
