//! The migrations that a change touches, as the rules of this family go through them.

use std::sync::Arc;

use ruff_text_size::TextRange;

use crate::model::change::ChangedFile;
use crate::model::finding::Place;
use crate::project::django::apps::{MigrationName, is_test_only, looks_like_migration};
use crate::project::migrations::deployed;
use crate::project::migrations::migration::{Operation, Position};
use crate::project::migrations::operations::WholeMigration;
use crate::project::migrations::state::{Model, State};
use crate::rules::context::{Context, ScopedFile};
use crate::source::NotLoaded;

/// A changed migration on the side that is judged.
#[derive(Debug)]
pub struct File<'a> {
    pub(super) path: &'a str,
    pub(super) changed: &'a ChangedFile,
    pub(super) name: MigrationName,
    pub(super) source: Arc<WholeMigration>,
}

/// All of them; what is missing for any is asked at once.
pub(super) fn of<'a>(context: &Context<'a>) -> Result<Vec<File<'a>>, NotLoaded> {
    let files = context.files().filter(|file| file.path.ends_with(".py"));
    let read = NotLoaded::all(files.map(|file| File::read(context, file)))?;
    Ok(read.into_iter().flatten().collect())
}

impl<'a> File<'a> {
    /// A changed file that holds a class `Migration` and parses; none of an app for tests.
    pub(in crate::rules) fn read(
        context: &Context<'_>,
        file: ScopedFile<'a>,
    ) -> Result<Option<Self>, NotLoaded> {
        let name = context.here.apps()?.migration_name(file.path);
        let Some(name) = name.filter(|_| !is_test_only(file.path)) else { return Ok(None) };
        let source = context.here.whole_migration(file.path)?;
        let source = source.filter(|source| source.migration().module().fault().is_none());
        Ok(source.map(|source| Self { path: file.path, changed: file.changed, name, source }))
    }
}

impl File<'_> {
    /// Is the migration made by this change?
    pub(super) fn is_new(&self, context: &Context<'_>) -> Result<bool, NotLoaded> {
        Ok(!deployed::has(context.merge_base, &self.name, self.path)?)
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
        Ok(changed || !deployed::has(context.merge_base, &created_in, self.path)?)
    }
}

/// `post.lang` of an operation on a field, as it is written.
pub(super) fn field_name(operation: &Operation<'_>) -> Option<(String, String)> {
    Some((operation.text("model_name", 0)?.to_owned(), operation.text("name", 1)?.to_owned()))
}
