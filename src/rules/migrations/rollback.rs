//! The command that takes a migration back.

use crate::project::migrations::migration::Dependency;
use crate::rules::Context;
use crate::source::NotLoaded;

use super::files::File;

/// `migrate blog 0001`, `migrate blog zero`; `None` when its dependencies cannot be read.
pub(super) fn command(context: &Context<'_>, file: &File<'_>) -> Result<Option<String>, NotLoaded> {
    let (migration, name) = (file.source.migration(), &file.name);
    let previous = migration.dependencies.iter().find_map(|d| match &d.dependency {
        Dependency::On(on) if on.app == name.app && !on.name.starts_with("__") => Some(&on.name),
        _ => None,
    });
    Ok(match previous {
        Some(previous) => Some(format!("migrate {} {}", name.app, shortest(context, file, previous)?)),
        None if migration.dependencies_partial => None,
        None => Some(format!("migrate {} zero", name.app)),
    })
}

/// The number alone, where no other migration of the app begins with it.
fn shortest<'a>(context: &Context<'_>, file: &File<'_>, name: &'a str) -> Result<&'a str, NotLoaded> {
    let (apps, tree) = crate::source::snapshot::both(context.here.apps(), context.here.tree())?;
    let Some((number, _)) = name.split_once('_').filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()))
    else {
        return Ok(name);
    };
    let files =
        apps.labelled(&file.name.app, file.path).into_iter().flat_map(|app| app.migration_files(&tree));
    let alike = files.filter(|path| crate::source::tree::file_name(path).starts_with(number)).count();
    Ok(if alike == 1 && !number.is_empty() { number } else { name })
}
