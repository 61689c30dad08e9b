//! Where the repository has migration packages, and whose they are.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, StmtClassDef};

use crate::source::tree::{above, file_name, folder, is_vendored, join};
use crate::source::{NotLoaded, Tree, snapshot::both};
use crate::syntax::python::{Module, string};

use crate::project::django::apps::{App, Apps, is_numbered, looks_like_migration};
use crate::project::django::settings::{MigrationModule, Settings};
use crate::project::migrations::migration::is_djangos;
use crate::project::{Fact, Project};

/// Packages of numbered modules that are looked into; a repository has one or two.
const MAX_NUMBERED: usize = 32;

impl Fact for Apps {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        find(project)
    }
}

/// Every folder `migrations` with Python files in it is a package, and so is another one whose numbered modules are
/// migrations; its label comes from the app's `AppConfig`.
fn find(project: &Project) -> Result<Apps, NotLoaded> {
    let (tree, settings) = both(project.tree(), project.fact::<Settings>(&()))?;
    let numbered = numbered_packages(project, &tree, &settings)?;
    let mut packages: Vec<&str> = tree
        .entries
        .keys()
        .filter(|p| looks_like_migration(p))
        .map(|p| folder(p))
        .filter(|package| file_name(package) == "migrations" || numbered.contains(package))
        .filter(|package| !is_vendored(package))
        .collect();
    packages.dedup();
    let labels = NotLoaded::all(packages.iter().map(|package| label(project, package)))?;
    let by_package = packages.iter().zip(labels).map(|(package, label)| {
        let folder = folder(package).to_owned();
        ((*package).to_owned(), App { label, folder, migrations: (*package).to_owned(), ..App::default() })
    });
    let roots = settings.projects().map(|project| project.root.clone()).collect();
    let mut apps = Apps { by_package: by_package.collect(), roots, ..Apps::default() };
    for django in settings.projects() {
        for entry in django.migration_modules() {
            apps.repoint(&tree, &django.root, &entry);
        }
    }
    apps.settle(&tree, &settings);
    Ok(apps)
}

/// Does a package by another name stand beside or inside its app's `migrations`? Django loads only that one, unless
/// `MIGRATION_MODULES` says otherwise.
fn is_passed_over(project: &Project, tree: &Tree, package: &str) -> Result<bool, NotLoaded> {
    let beside = join(folder(package), "migrations");
    let around = above(package).filter(|at| file_name(at) == "migrations");
    for at in around.chain([beside.as_str()]) {
        match tree.under(at).find(|path| folder(path) == at && looks_like_migration(path)) {
            // South's, too, stand in `migrations`.
            Some(first) if project.module(first)?.is_some_and(|module| is_migration(&module)) => {
                return Ok(true);
            }
            None if at == beside && tree.contains(&join(at, "__init__.py")) => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}

/// Packages by another name, such as `db_migrations`, whose first numbered module is a migration: `MIGRATION_MODULES`
/// may be set where no text tells.
fn numbered_packages<'a>(
    project: &Project,
    tree: &'a Tree,
    settings: &Settings,
) -> Result<BTreeSet<&'a str>, NotLoaded> {
    let numbered = tree.entries.keys().map(String::as_str).filter(|path| is_numbered(path));
    let mut firsts: Vec<&str> = numbered
        .filter(|path| file_name(folder(path)) != "migrations" && !is_vendored(path))
        .filter(|path| tree.contains(&join(folder(path), "__init__.py")))
        .collect();
    firsts.dedup_by_key(|path| folder(path));
    let read = firsts.into_iter().take(MAX_NUMBERED).map(|path| {
        let package = folder(path);
        let is = project.module(path)?.is_some_and(|module| is_migration(&module));
        let is_loaded =
            is && (settings.mention(file_name(package)) || !is_passed_over(project, tree, package)?);
        Ok(is_loaded.then_some(package))
    });
    Ok(NotLoaded::all(read)?.into_iter().flatten().collect())
}

/// Does the module hold a class `Migration` of Django itself?
fn is_migration(module: &Module) -> bool {
    let bases = module.class("Migration").map_or(&[][..], |class| class.bases());
    bases.iter().any(|base| is_djangos(module, base))
}

impl Apps {
    /// What `MIGRATION_MODULES` says of a label counts, for the project whose settings say it. Where a condition stands
    /// before it, the app may have the one package or the other.
    fn repoint(&mut self, tree: &Tree, root: &str, entry: &MigrationModule) {
        let label = entry.label.as_str();
        let is_meant = |app: &App| app.label == label && self.root_above(&app.migrations).contains(root);
        let meant: Vec<App> = self.iter().filter(|app| is_meant(app)).cloned().collect();
        let package = entry.package.as_ref().map(|dotted| join(root, &dotted.replace('.', "/")));
        if package.as_ref().is_some_and(|package| !tree.under(package).any(|path| path.ends_with(".py"))) {
            return;
        }
        if entry.sure {
            meant.iter().for_each(|app| drop(self.by_package.remove(&app.migrations)));
        }
        if let Some(migrations) = package {
            let known = meant.into_iter().next();
            let folder = known.map_or_else(|| folder(&migrations).to_owned(), |app| app.folder);
            let app =
                App { label: label.to_owned(), folder, migrations: migrations.clone(), ..App::default() };
            self.by_package.insert(migrations, app);
        }
    }
}

/// The label of the app that a migration package belongs to: as its config says, in `apps.py`, where
/// `default_app_config` points or in the package itself, else the folder's name.
fn label(project: &Project, package: &str) -> Result<String, NotLoaded> {
    let app = folder(package);
    let declared = |path: &str| Ok(project.module(path)?.and_then(|module| declared_label(&module, app)));
    if let Some(label) = declared(&join(app, "apps.py"))? {
        return Ok(label);
    }
    let init = project.module(&join(app, "__init__.py"))?;
    // `blog.config.BlogConfig`: the module beside it, as Django before 4.1 found it.
    let config = init.as_ref().and_then(|m| m.assigned("default_app_config")).and_then(string);
    if let Some(module) = config.and_then(|dotted| dotted.rsplit('.').nth(1))
        && let Some(label) = declared(&join(app, &format!("{module}.py")))?
    {
        return Ok(label);
    }
    if let Some(label) = init.as_ref().and_then(|module| declared_label(module, app)) {
        return Ok(label);
    }
    // `db/migrations/blog` holds the migrations of `blog`, and `long_migrations/migrations` those of `long_migrations`.
    let is_of_many = file_name(package) != "migrations" && file_name(app).contains("migrations");
    let named = if is_of_many { package } else { app };
    Ok(file_name(named).to_owned())
}

/// `AppConfig.label`, else the last component of `AppConfig.name`; of several configs the one marked `default`, else the
/// one for this folder. A name that leads to another folder says nothing of this one.
fn declared_label(module: &Module, app: &str) -> Option<String> {
    let is_config = |class: &&StmtClassDef| {
        class.bases().iter().any(|base| module.qualified(base).is_some_and(|q| q.ends_with("Config")))
    };
    let default = |class: &StmtClassDef| {
        module.attribute(class, "default").and_then(Expr::as_boolean_literal_expr).map(|flag| flag.value)
    };
    let text = |class: &StmtClassDef, name: &str| module.attribute(class, name).and_then(string);
    let leads_here = |name: &&str| {
        let (path, folder) = (format!("/{}", name.replace('.', "/")), format!("/{app}"));
        folder.ends_with(&path) || path.ends_with(&folder)
    };
    let mut configs: Vec<_> = module.classes().filter(is_config).collect();
    // https://docs.djangoproject.com/en/5.2/ref/applications/#configuring-applications
    configs.retain(|class| default(class) != Some(false));
    let marked = configs.iter().find(|class| default(class) == Some(true));
    let config = marked
        .or_else(|| configs.iter().find(|class| text(class, "name").is_some_and(|n| leads_here(&n))))
        .or(configs.first())?;
    let name = text(config, "name").filter(leads_here);
    // Django refuses a label that is no identifier: such a config is not the one that is loaded.
    let is_label = |label: &&str| label.chars().all(|c| c.is_alphanumeric() || c == '_');
    let label = text(config, "label").filter(is_label);
    label.or_else(|| name.and_then(|n| n.rsplit('.').next())).map(str::to_owned)
}
