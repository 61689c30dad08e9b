//! Deployed migrations that head does not have, without those that a squash stands for.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::change::Path;
use crate::project::django::apps::MigrationName;
use crate::project::migrations::deployed::Because;
use crate::project::migrations::loaded::Loaded;
use crate::rules::Context;
use crate::source::tree::folder;
use crate::source::{NotLoaded, snapshot::both};

use super::changes::{Changes, all_migrations, was_migration};

/// A deployed migration that head does not have.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    pub(super) name: MigrationName,
    /// At the merge base.
    pub(super) path: Path,
    pub(super) because: Because,
}

/// Deployed migrations of the merge base that head does not have under their name, wherever they stand.
pub(super) fn gone(context: &Context<'_>) -> Result<Vec<Gone>, NotLoaded> {
    let (before, after) =
        both(all_migrations(context, context.merge_base), all_migrations(context, context.head))?;
    let kept = |name: &MigrationName| after.get(name).map_or(&[][..], Vec::as_slice);
    let apps = context.head.apps()?;
    let lost = before.iter().flat_map(|(name, old)| old.iter().map(move |path| (name, path)));
    let lost = lost.filter(|(name, path)| {
        // Another project in the repository may have an app of the same name.
        let is_here =
            |new: &Path| apps.labelled(&name.app, path).iter().any(|app| app.migrations == folder(new));
        !kept(name).contains(path) && !kept(name).iter().any(is_here)
    });
    let judged = lost.map(|(name, path)| {
        let (is, because) = both(was_migration(context, path), context.deployed(name, path))?;
        let gone = |because| Gone { name: name.clone(), path: path.clone(), because };
        Ok(because.filter(|_| is).map(gone))
    });
    Ok(NotLoaded::all(judged)?.into_iter().flatten().collect())
}

/// What the migrations of an app stand for.
#[derive(Default)]
pub(super) struct Replaced {
    names: BTreeSet<MigrationName>,
    /// Squashes that may stand for more than can be read.
    unreadable: BTreeSet<MigrationName>,
}

/// At head, or at the merge base where a squash is being finished.
pub(super) fn replaced(
    context: &Context<'_>,
    changes: &Changes,
    app: &str,
    from: &str,
) -> Result<Replaced, NotLoaded> {
    let (apps, tree) = both(context.head.apps(), context.head.tree())?;
    let stay = apps.labelled(app, from).into_iter().flat_map(|app| app.migration_files(&tree));
    let stay = stay.filter_map(|path| Some((apps.migration_name(path)?, path)));
    let fresh =
        changes.after.iter().flat_map(|(name, paths)| paths.iter().map(|p| (name.clone(), p.as_str())));
    let at_head = stay.chain(fresh).map(|(name, path)| Ok((name, context.head.migration(path)?)));
    let kept = changes.kept().filter(|(name, ..)| name.app == app);
    let at_base = kept.map(|(name, old, _)| Ok((name.clone(), context.merge_base.migration(old)?)));
    let mut replaced = Replaced::default();
    for (name, migration) in NotLoaded::all(at_head.chain(at_base))? {
        let Some(migration) = migration else { continue };
        replaced.names.extend(migration.replaced().cloned());
        if migration.replaces_partial {
            replaced.unreadable.insert(name);
        }
    }
    Ok(replaced)
}

/// Nobody knows what a squash stands for whose `replaces` is computed; but never for what came after it.
pub(super) fn not_replaced(
    context: &Context<'_>,
    from: &str,
    replaced: &Replaced,
    mut gone: Vec<Gone>,
) -> Result<Vec<Gone>, NotLoaded> {
    gone.retain(|gone| !replaced.names.contains(&gone.name));
    if gone.is_empty() || replaced.unreadable.is_empty() {
        return Ok(gone);
    }
    let loaded = Loaded::around(context.merge_base, from)?;
    gone.retain(|gone| {
        let before = loaded.graph.before(&gone.name);
        replaced.unreadable.iter().all(|squash| before.contains(squash))
    });
    Ok(gone)
}

/// Models that the app's deployed migrations created and did not delete.
pub(super) fn tables_left(context: &Context<'_>, gone: &[Gone]) -> Result<Vec<String>, NotLoaded> {
    let migrations = NotLoaded::all(gone.iter().map(|g| context.merge_base.migration(&g.path)))?;
    let mut left: BTreeMap<String, String> = BTreeMap::new();
    for migration in migrations.iter().flatten() {
        for operation in migration.operations() {
            match operation.kind() {
                "CreateModel" => {
                    if let Some(name) = operation.text("name", 0) {
                        left.insert(name.to_lowercase(), name.to_owned());
                    }
                }
                "DeleteModel" => {
                    operation.text("name", 0).and_then(|name| left.remove(&name.to_lowercase()));
                }
                "RenameModel" => {
                    let (old, new) = (operation.text("old_name", 0), operation.text("new_name", 1));
                    if let (Some(old), Some(new)) = (old, new) {
                        left.remove(&old.to_lowercase());
                        left.insert(new.to_lowercase(), new.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    Ok(left.into_values().collect())
}
