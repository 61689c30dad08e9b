//! The migrations that a change touches, as the rules of this family go through them.

use std::sync::Arc;

use ruff_text_size::TextRange;

use crate::model::change::{Change, ChangedFile, Path};
use crate::model::finding::{Finding, Place};
use crate::project::django::apps::{MigrationName, is_test_only, looks_like_migration};
use crate::project::migrations::deployed;
use crate::project::migrations::migration::{Operation, Position};
use crate::project::migrations::operations::WholeMigration;
use crate::project::migrations::state::{Model, State};
use crate::rules::Context;
use crate::source::tree::folder;
use crate::source::{NotLoaded, Tree};

/// A changed migration on the side that is judged.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) changed: &'a ChangedFile,
    pub(super) name: MigrationName,
    pub(super) source: Arc<WholeMigration>,
}

/// The changed files that hold a class `Migration` and parse, without those of apps for tests; all that is missing for any of them is asked at once.
fn of<'a>(context: &Context<'a>) -> Result<Vec<File<'a>>, NotLoaded> {
    let mut files = context.migration_files()?;
    files.retain(|(file, _)| !is_test_only(file.path));
    let sources = NotLoaded::all(files.iter().map(|(file, _)| context.here.whole_migration(file.path)))?;
    let with_sources = files.into_iter().zip(sources);
    Ok(with_sources
        .filter_map(|((file, name), source)| {
            let source = source.filter(|s| s.migration().module().fault().is_none())?;
            Some(File { path: file.path, changed: file.changed, name, source })
        })
        .collect())
}

/// What `check` finds in each changed migration. All files are asked before any of them waits for what it misses.
pub(super) fn each<'a>(
    context: &Context<'a>,
    check: impl Fn(&File<'a>, &[File<'a>]) -> Result<Vec<Finding>, NotLoaded>,
) -> Result<Vec<Finding>, NotLoaded> {
    let files = of(context)?;
    Ok(NotLoaded::all(files.iter().map(|file| check(file, &files)))?.concat())
}

/// All migrations of the apps whose migrations change: the models' state is replayed from them.
pub(super) fn wants(change: &Change, tree: &Tree) -> Vec<Path> {
    let changed = change.files.iter().filter_map(ChangedFile::head_path);
    let mut packages: Vec<&str> = changed.filter(|p| looks_like_migration(p)).map(folder).collect();
    packages.sort_unstable();
    packages.dedup();
    let files = packages.into_iter().flat_map(|package| tree.under(package));
    files.filter(|path| looks_like_migration(path)).map(str::to_owned).collect()
}

impl File<'_> {
    /// Is the migration made by this change?
    pub(super) fn is_new(&self, context: &Context<'_>) -> Result<bool, NotLoaded> {
        Ok(!deployed::has(context.merge_base, &self.name)?)
    }

    /// Does it stand for others? Databases with rows have run those.
    pub(super) fn is_squash(&self) -> bool {
        !self.source.migration().replaces.is_empty()
    }

    /// As `span`; the file itself where it became a migration by its new name alone and no line of it changed.
    pub(super) fn place(&self, range: TextRange) -> Place {
        if self.changed.previous_path.as_deref().is_some_and(|old| !looks_like_migration(old))
            && self.changed.hunks.as_ref().is_none_or(|hunks| hunks.iter().all(|h| h.added.is_empty()))
        {
            return Place::Path(self.path.to_owned());
        }
        self.span(range)
    }

    pub(super) fn span(&self, range: TextRange) -> Place {
        let span = self.source.migration().module().span(&range);
        Place::Head { path: self.path.to_owned(), span }
    }

    /// Shows each operation with the state that it meets, and gives the state after the last; nothing is replayed
    /// unless one of them `matters`.
    pub(super) fn replay(
        &self,
        context: &Context<'_>,
        matters: impl Fn(&Operation<'_>) -> Result<bool, NotLoaded>,
        mut visit: impl FnMut(&Operation<'_>, &State) -> Result<(), NotLoaded>,
    ) -> Result<State, NotLoaded> {
        let operations = self.source.operations();
        if !NotLoaded::all(operations.iter().map(matters))?.contains(&true) {
            return Ok(State::default());
        }
        let before = context.here.fact::<State>(self.source.path())?;
        let mut state = State::clone(&before);
        for operation in &operations {
            visit(operation, &state)?;
            if operation.position != Position::DatabaseOnly {
                state.apply(context.here, &self.name.name, operation)?;
            }
        }
        Ok(state)
    }

    /// Is the model's table made by this very change, and so empty wherever this runs? Where the change rewrites the
    /// migration that makes it, nobody knows what the table holds; MIG001 says so.
    pub(super) fn is_empty_table(&self, context: &Context<'_>, model: &Model) -> Result<bool, NotLoaded> {
        let Some(created_in) = &model.created_in else { return Ok(false) };
        let created_in = MigrationName { app: self.name.app.clone(), name: created_in.clone() };
        let changed = context.migration_files()?.iter().any(|(_, name)| *name == created_in);
        Ok(changed || !deployed::has(context.merge_base, &created_in)?)
    }
}

/// `post.lang` of an operation on a field, as it is written.
pub(super) fn field_name(operation: &Operation<'_>) -> Option<(String, String)> {
    Some((operation.text("model_name", 0)?.to_owned(), operation.text("name", 1)?.to_owned()))
}
