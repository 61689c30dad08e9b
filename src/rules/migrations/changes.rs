//! The migrations that a change touches, by what Django knows them by and not by where they stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::change::Path;
use crate::model::finding::Severity;
use crate::project::Project;
use crate::project::django::apps::{Apps, MigrationName, is_test_only, may_move_migrations};
use crate::project::migrations::deployed::Because;
use crate::project::migrations::migration::is_south;
use crate::rules::Context;
use crate::source::tree::folder;
use crate::source::{NotLoaded, snapshot::both};

/// Touched migrations with their paths at the merge base and at head.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub before: BTreeMap<MigrationName, Vec<Path>>,
    pub after: BTreeMap<MigrationName, Vec<Path>>,
    /// At head.
    apps: Arc<Apps>,
}

impl Changes {
    /// `None` when the change touches nothing that has to do with migrations: then nothing needs to be read.
    pub(super) fn of(context: &Context<'_>) -> Result<Option<Self>, NotLoaded> {
        let paths = context.change.files.iter().flat_map(|f| f.head_path().into_iter().chain(f.base_path()));
        if !paths.into_iter().any(may_move_migrations) {
            return Ok(None);
        }
        let (base, head) = both(context.merge_base.apps(), context.head.apps())?;
        let mut changes = Self { apps: head.clone(), ..Self::default() };
        for file in &context.change.files {
            let kept = |path: &&str| !(context.excluded)(path) && !is_test_only(path);
            if let Some(path) = file.base_path().filter(kept)
                && let Some(name) = base.migration_name(path)
            {
                changes.before.entry(name).or_default().push(path.to_owned());
            }
            if let Some(path) = file.head_path().filter(kept)
                && let Some(name) = head.migration_name(path)
            {
                changes.after.entry(name).or_default().push(path.to_owned());
            }
        }
        Ok(Some(changes))
    }

    /// Migrations that are on both sides, with the paths of both.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&MigrationName, &Path, &Path)> {
        self.before.iter().flat_map(move |(name, old)| {
            let new = self.after.get(name).map_or(&[][..], Vec::as_slice);
            old.iter().filter_map(move |old| {
                let same = new.iter().find(|new| *new == old);
                // Another project in the repository may have an app of the same name.
                let stands = || self.apps.labelled(&name.app, old);
                let moved =
                    || new.iter().find(|new| stands().iter().any(|app| app.migrations == folder(new)));
                same.or_else(moved).map(|new| (name, old, new))
            })
        })
    }
}

/// Every migration of one side, with its paths: more than one where several projects share a repository.
pub(super) fn all_migrations(
    context: &Context<'_>,
    side: &Project,
) -> Result<BTreeMap<MigrationName, Vec<Path>>, NotLoaded> {
    let (apps, tree) = both(side.apps(), side.tree())?;
    let mut found: BTreeMap<MigrationName, Vec<Path>> = BTreeMap::new();
    for path in apps.iter().flat_map(|app| app.migration_files(&tree)) {
        if !(context.excluded)(path)
            && !is_test_only(path)
            && let Some(name) = apps.migration_name(path)
        {
            found.entry(name).or_default().push(path.to_owned());
        }
    }
    Ok(found)
}

/// A module with a class `Migration` of Django at the merge base; South's are no migrations any more.
pub(super) fn was_migration(context: &Context<'_>, path: &str) -> Result<bool, NotLoaded> {
    Ok(context.merge_base.migration(path)?.is_some_and(|migration| !is_south(&migration)))
}

/// What is merged and not released is on the databases of teammates only.
pub(super) fn severity_of(because: &Because) -> Severity {
    if because.merged_only { Severity::Warning } else { Severity::Error }
}
