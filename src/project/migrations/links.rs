//! What a migration's file says of other migrations, without the file's tree: a graph holds thousands of them.

use std::sync::Arc;

use ruff_text_size::TextRange;

use crate::source::NotLoaded;

use crate::project::django::apps::MigrationName;
use crate::project::migrations::loader::{Declared, Entry, List};
use crate::project::migrations::migration::{DependencyAt, Migration, is_djangos, is_south};
use crate::project::{Content, ContentFact, Project};

#[derive(Debug)]
pub struct Links {
    pub dependencies: Vec<DependencyAt>,
    pub run_before: Vec<DependencyAt>,
    pub replaces: Vec<DependencyAt>,
    /// The class's name.
    pub class: Option<TextRange>,
    depends_on_more: bool,
    replaces_more: bool,
}

/// `None`: the text holds no migration of Django's.
impl ContentFact for Option<Arc<Links>> {
    fn read(content: &Content<'_>) -> Self {
        let migration: Arc<Option<Arc<Migration>>> = content.fact();
        let migration = migration.as_ref().as_ref().filter(|migration| !is_south(migration))?;
        Some(Arc::new(Links::of(migration)))
    }

    fn weight(&self) -> usize {
        let entries = self
            .as_ref()
            .map_or(0, |links| links.dependencies.len() + links.run_before.len() + links.replaces.len());
        size_of::<Links>() + 128 * entries
    }
}

impl Links {
    fn of(migration: &Migration) -> Self {
        let inherits = migration.attribute("dependencies").is_none() && !is_plain(migration);
        Self {
            dependencies: migration.dependencies.clone(),
            run_before: migration.run_before.clone(),
            replaces: migration.replaces.clone(),
            class: migration.class().map(|class| class.name.range),
            depends_on_more: migration.dependencies_partial
                || migration.run_before_partial
                || inherits
                || migration.module().fault().is_some(),
            replaces_more: migration.replaces_partial,
        }
    }

    /// The entry of one of its lists.
    pub fn at(&self, entry: &Entry) -> Option<&DependencyAt> {
        match entry.list {
            List::Dependencies => self.dependencies.get(entry.index),
            List::RunBefore => self.run_before.get(entry.index),
        }
    }

    /// The migrations that it stands for.
    pub fn replaced(&self) -> impl Iterator<Item = &MigrationName> {
        self.replaces.iter().filter_map(|at| at.dependency.migration())
    }

    pub fn declared(&self) -> Declared {
        let named = |list: &[DependencyAt]| list.iter().map(|at| at.dependency.clone()).collect();
        Declared {
            dependencies: named(&self.dependencies),
            run_before: named(&self.run_before),
            replaces: self.replaced().cloned().collect(),
            depends_on_more: self.depends_on_more,
            replaces_more: self.replaces_more,
        }
    }
}

/// Does the class derive from Django's alone, so that nothing of it is written elsewhere?
fn is_plain(migration: &Migration) -> bool {
    let bases = migration.class().map_or(&[][..], |class| class.bases());
    bases.iter().all(|base| is_djangos(migration.module(), base))
}

impl Project {
    /// What the migration at this path says of others; `None` when there is none.
    pub fn links(&self, path: &str) -> Result<Option<Arc<Links>>, NotLoaded> {
        let read: Option<Arc<Option<Arc<Links>>>> = self.read(self.content(path)?);
        Ok(read.and_then(|links| (*links).clone()))
    }
}
