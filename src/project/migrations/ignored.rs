//! Migrations that only working copies have, because Git ignores them.

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, join};
use crate::source::{NotLoaded, Tree, snapshot::both};

use crate::project::Project;
use crate::project::django::apps::{App, MigrationName};
use crate::project::env::ignore::Ignores;

/// Folders of one name that are looked at.
const MAX_NAMESAKES: usize = 64;

impl Project {
    /// Would Git leave this migration out, as the file at `from` means it? Then nobody who reads the repository knows
    /// whether it is there.
    pub fn is_ignored(&self, migration: &MigrationName, from: &str) -> Result<bool, NotLoaded> {
        let (apps, tree) = both(self.apps(), self.tree())?;
        let known = apps.labelled(&migration.app, from).into_iter().map(|app| app.migrations.clone());
        let mut packages: Vec<Path> = known.take(MAX_NAMESAKES).collect();
        if packages.is_empty() {
            packages = without_migrations(&tree, &migration.app);
        }
        let file = format!("{}.py", migration.name);
        let paths: Vec<Path> = packages.iter().map(|package| join(package, &file)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let ignores = self.ignores(&paths)?;
        Ok(paths.into_iter().any(|path| is_left_out(&ignores, path)))
    }

    /// Does Git leave out what `makemigrations` would write for this app next? Then it may have more migrations than
    /// the repository.
    pub fn ignores_more_of(&self, app: &App) -> Result<bool, NotLoaded> {
        let next = join(&app.migrations, "9999_more.py");
        Ok(is_left_out(&self.ignores(&[&next])?, &next))
    }
}

/// Also where it takes too long to find out: then nobody knows whether the file is there.
fn is_left_out(ignores: &Ignores, path: &str) -> bool {
    ignores.of(path).is_none_or(|answer| answer.ignored)
}

/// The migration packages that apps with this name would have: of an app whose migrations are all ignored nothing else
/// is known.
fn without_migrations(tree: &Tree, label: &str) -> Vec<Path> {
    let modules =
        tree.entries.keys().filter(|path| path.ends_with(".py") && file_name(folder(path)) == label);
    let mut packages: Vec<Path> = modules.map(|path| join(folder(path), "migrations")).collect();
    packages.dedup();
    packages.truncate(MAX_NAMESAKES);
    packages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::django::tests::project;

    /// Is `label.0002_more` ignored by these patterns, as `shop` means it?
    fn ignored(patterns: &str, label: &str) -> bool {
        let files = [
            (".gitignore", patterns),
            ("blog/models.py", ""),
            ("blog/migrations/__init__.py", ""),
            ("shop/migrations/__init__.py", ""),
            ("shop/migrations/0001_initial.py", ""),
        ];
        let name = MigrationName { app: label.to_owned(), name: "0002_more".to_owned() };
        project(&files).is_ignored(&name, "shop/migrations/0001_initial.py").unwrap()
    }

    #[test]
    fn what_git_ignores_may_be_there_also_of_an_app_without_any() {
        for patterns in
            ["migrations/\n", "*/migrations/*\n!*/migrations/__init__.py\n", "**/migrations/0*.py\n"]
        {
            assert!(ignored(patterns, "shop") && ignored(patterns, "blog"), "{patterns}");
        }
        assert!(ignored("blog/migrations/\n", "blog") && !ignored("blog/migrations/\n", "shop"));
        assert!(!ignored("*.pyc\n", "shop") && !ignored("migrations/\n", "news"));
    }

    #[test]
    fn more_is_ignored_whatever_it_would_be_called() {
        let more = |patterns: &str| {
            let project = project(&[(".gitignore", patterns), ("blog/migrations/0001_initial.py", "")]);
            let apps = project.apps().unwrap();
            project.ignores_more_of(apps.iter().next().unwrap()).unwrap()
        };
        assert!(more("migrations/\n") && more("*/migrations/[0-9]*.py\n"));
        assert!(!more("*/migrations/0002_local.py\n"));
    }
}
