//! What the facts of a project will ask for, as far as names alone tell: read with the first batch, it costs no round.

use crate::source::Tree;
use crate::source::tree::{file_name, folder, is_vendored};

use super::django::apps::{is_test_only, looks_like_migration};
use super::django::settings::is_settings;
use super::migrations::loaded::MAX_MIGRATIONS;

/// What tells of apps, settings and ignored files; with settings in a package also the parts that they import.
pub fn of_project(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.entries.keys().map(String::as_str).filter(|path| {
        matches!(file_name(path), "manage.py" | "apps.py" | ".gitignore")
            || is_settings(path)
            || is_part_of_settings(path)
    })
}

/// What tells of the app of a migration package: all its migrations, from which the state of its models is replayed, and
/// the models themselves, which data migrations may not import.
pub fn of_app<'a>(tree: &'a Tree, package: &'a str) -> impl Iterator<Item = &'a str> {
    let app = folder(package);
    let own = move |path: &&str| {
        let below = path.strip_prefix(app).map(|rest| rest.trim_start_matches('/'));
        let is_model = below.is_some_and(|rest| rest == "models.py" || rest.starts_with("models/"));
        (folder(path) == package && looks_like_migration(path)) || (is_model && path.ends_with(".py"))
    };
    tree.under(app).filter(own)
}

/// Every migration of the repository: any may depend on those that change.
pub fn of_graph(tree: &Tree) -> impl Iterator<Item = &str> {
    let migrations = tree.entries.keys().map(String::as_str).filter(|path| looks_like_migration(path));
    migrations.filter(|path| !is_vendored(path) && !is_test_only(path)).take(MAX_MIGRATIONS)
}

fn is_part_of_settings(path: &str) -> bool {
    path.ends_with(".py") && folder(path).split('/').any(|part| part == "settings") && !is_vendored(path)
}
