//! The migrations that a change touches, as the rules of this family go through them.

use std::sync::Arc;

use crate::model::change::ChangedFile;
use crate::project::apps::MigrationName;
use crate::project::operations::Source;
use crate::rules::Context;
use crate::source::NotLoaded;

/// A changed migration on the side that is judged.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) name: MigrationName,
    pub(super) source: Arc<Source>,
    pub(super) changed: &'a ChangedFile,
}

/// The changed files that hold a class `Migration` and parse; all that is missing for any of them is asked at once.
pub(super) fn of<'a>(context: &Context<'a>) -> Result<Vec<File<'a>>, NotLoaded> {
    let files = context.migration_files()?;
    let sources = NotLoaded::all(files.iter().map(|(file, _)| context.here.migration_source(file.path)))?;
    let with_sources = files.into_iter().zip(sources);
    Ok(with_sources
        .filter_map(|((file, name), source)| {
            let source = source.filter(|s| s.migration().module().fault().is_none())?;
            Some(File { path: file.path, name, source, changed: file.changed })
        })
        .collect())
}
