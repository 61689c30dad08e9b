//! What a rule may look at.

use std::sync::Arc;

use crate::model::change::{Change, ChangedFile};
use crate::project::Project;
use crate::project::django::apps::MigrationName;
use crate::project::migrations::deployed::{Because, Deployed};
use crate::source::NotLoaded;

/// Which side of the comparison a rule is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    Head,
    /// The other side: what a rule finds here is not introduced.
    Baseline,
}

/// Everything a rule may ask. A rule looks at [`Context::here`] and does not care which side it is.
pub struct Context<'a> {
    pub change: &'a Change,
    pub judging: Judging,
    /// The tree that is judged: head (for tip rules: the merge preview), or the rule's baseline.
    pub here: &'a Arc<Project>,
    pub head: &'a Arc<Project>,
    pub merge_base: &'a Arc<Project>,
    pub target_tip: &'a Arc<Project>,
    /// The commits of the change, for rules about published history; in the order of `change.commits.scanned`.
    pub commits: &'a [Arc<Project>],
    pub deployed: &'a Deployed,
    /// Paths that the policy or `.gitattributes` takes out.
    pub excluded: &'a dyn Fn(&str) -> bool,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("judging", &self.judging).finish_non_exhaustive()
    }
}

/// A changed file that exists in [`Context::here`].
#[derive(Clone, Copy, Debug)]
pub struct ScopedFile<'a> {
    /// Its path in the tree that is judged.
    pub path: &'a str,
    pub changed: &'a ChangedFile,
}

impl<'a> Context<'a> {
    /// The changed files that exist on the side that is judged, without excluded ones.
    pub fn files(&self) -> impl Iterator<Item = ScopedFile<'a>> + '_ {
        self.change.files.iter().filter_map(|changed| {
            let path = match self.judging {
                Judging::Head => changed.head_path(),
                Judging::Baseline => changed.base_path(),
            }?;
            (!(self.excluded)(path)).then_some(ScopedFile { path, changed })
        })
    }

    /// The changed migration files on the side that is judged, with what Django calls them.
    pub fn migration_files(&self) -> Result<Vec<(ScopedFile<'a>, MigrationName)>, NotLoaded> {
        if !self.files().any(|file| file.path.ends_with(".py")) {
            return Ok(Vec::new());
        }
        let apps = self.here.apps()?;
        Ok(self.files().filter_map(|file| Some((file, apps.migration_name(file.path)?))).collect())
    }

    /// Is this migration deployed, as the file at `from` means it, and how do we know?
    pub fn deployed(&self, migration: &MigrationName, from: &str) -> Result<Option<Because>, NotLoaded> {
        self.deployed.because(migration, from, self.merge_base, self.target_tip)
    }
}
