//! What the Django settings say about apps and their migrations, as far as their text alone tells.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::{Expr, ExprCall, Stmt};

use crate::model::change::Path;
use crate::source::tree::{file_name, folder, is_vendored, join};
use crate::source::{NotLoaded, Tree};
use crate::syntax::python::{Folded, Module, ScopeId, Statement, assignment, string};

use crate::project::python::imports::{module_path, star_import};
use crate::project::{Fact, Project};

/// Modules that one settings module may take over.
const MAX_SETTINGS: usize = 200;
/// Files that one pattern of `include` may name.
const MAX_INCLUDED: usize = 64;

/// Projects of one repository whose settings are read.
const MAX_PROJECTS: usize = 64;
/// Settings modules that no `manage.py` names.
const MAX_UNNAMED: usize = 32;

/// The settings of every Django project in the repository.
#[derive(Debug, Default)]
pub struct Settings {
    projects: Vec<DjangoProject>,
    /// Other modules of settings: for the production, for tests.
    others: Vec<Arc<Module>>,
}

/// One `manage.py` with the settings module that it names, or settings that stand alone.
#[derive(Debug)]
pub struct DjangoProject {
    /// The folder of `manage.py`: where imports start.
    pub root: Path,
    /// Its settings are those of the tests: what they say of migrations no database knows.
    for_tests: bool,
    /// The named module and those whose names it takes over, nearest first.
    modules: Vec<Arc<Module>>,
    /// They may take over more: from where nobody looks, or under a condition.
    has_more: bool,
}

/// What `MIGRATION_MODULES` says of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationModule {
    pub label: String,
    /// The package of its migrations; `None`: Django creates its tables without migrations.
    pub package: Option<String>,
    /// No condition stands before it.
    pub sure: bool,
}

impl Settings {
    pub fn projects(&self) -> impl Iterator<Item = &DjangoProject> {
        self.projects.iter()
    }

    /// Is there surely nothing in a project but what [`DjangoProject::installed_apps`] has, whichever settings it runs with?
    pub fn tell_all_apps(&self, project: &DjangoProject) -> bool {
        let says = |module: &Arc<Module>| {
            module.index().given_in(ScopeId::MODULE, "INSTALLED_APPS").next().is_some()
        };
        project.knows_all_apps() && !self.others.iter().any(says)
    }

    /// Does any settings module, main or not, have these words, as a whole?
    pub fn mention(&self, words: &str) -> bool {
        let modules = self.projects.iter().flat_map(|project| &project.modules).chain(&self.others);
        modules.into_iter().any(|module| is_mentioned(module.text().as_str(), words))
    }

    /// The model that a setting such as `AUTH_USER_MODEL` surely names to the projects in these folders, or to all where
    /// no folder is given: `accounts.User`.
    pub fn model(&self, setting: &str, roots: &[Path]) -> Option<String> {
        let is_meant = |project: &&DjangoProject| roots.is_empty() || roots.contains(&project.root);
        let projects = || self.projects.iter().filter(is_meant);
        let is_given =
            projects().flat_map(|project| &project.modules).any(|module| gives(module, setting) > 0);
        // Settings that nobody names may be those that it runs with.
        if !is_given && self.others.iter().any(|module| gives(module, setting) > 0) {
            return None;
        }
        let named: BTreeSet<Option<String>> = projects().map(|project| project.model(setting)).collect();
        if named.len() > 1 { None } else { named.into_iter().next().flatten() }
    }

    /// What `ROOT_URLCONF` names, each with the folder of its project, which for settings that nobody names is the
    /// repository's own.
    pub fn root_urlconfs(&self) -> Vec<(&str, String)> {
        let named = self.projects.iter().map(|project| (project.root.as_str(), project.modules.as_slice()));
        let others = self.others.iter().map(|module| ("", std::slice::from_ref(module)));
        let said = named.chain(others).filter_map(|(root, modules)| {
            let module = modules.iter().find(|module| gives(module, "ROOT_URLCONF") > 0)?;
            Some((root, module.value_of("ROOT_URLCONF").as_str()?.to_owned()))
        });
        said.collect()
    }

    /// Does a project surely install this app, by its label or package?
    pub fn installs(&self, app: &str) -> bool {
        self.projects.iter().any(|project| {
            project.installed_apps().iter().any(|entry| {
                let entry = entry.split(".apps.").next().unwrap_or(entry);
                entry == app || entry.rsplit('.').next() == Some(app)
            })
        })
    }
}

impl DjangoProject {
    /// See [`Settings::model`].
    fn model(&self, setting: &str) -> Option<String> {
        match self.modules.iter().find(|module| gives(module, setting) > 0) {
            Some(module) if gives(module, setting) == 1 => {
                module.value_of(setting).as_str().map(str::to_owned)
            }
            Some(_) => None,
            // https://docs.djangoproject.com/en/5.2/ref/settings/#auth-user-model
            None if setting == "AUTH_USER_MODEL" && !self.has_more && !self.modules.is_empty() => {
                Some("auth.User".to_owned())
            }
            None => None,
        }
    }

    /// Entries of `INSTALLED_APPS` that are surely there; there may be more. A module that only adds to the list of
    /// another is taken together with it.
    pub fn installed_apps(&self) -> Vec<String> {
        let mut entries = Vec::new();
        for module in &self.modules {
            let value = module.value_of("INSTALLED_APPS");
            entries.extend(value.strings().into_iter().map(str::to_owned));
            if module.assigned("INSTALLED_APPS").is_some() {
                break;
            }
        }
        entries
    }

    /// Do its own settings install what they list and no more?
    fn knows_all_apps(&self) -> bool {
        let value = self.modules.first().map(|module| module.value_of("INSTALLED_APPS"));
        let Some(Folded::List { items, partial: false }) = value else { return false };
        !self.has_more && items.iter().all(|item| item.as_str().is_some())
    }

    /// `MIGRATION_MODULES` as displays: the last one without a condition, and all that stand under one.
    pub fn migration_modules(&self) -> Vec<MigrationModule> {
        let is_value =
            |stmt: &&Statement<'_>| matches!(assignment(stmt.node), Some(("MIGRATION_MODULES", _)));
        let mut found = Vec::new();
        if self.for_tests {
            return found;
        }
        for module in &self.modules {
            let values = module.index().module().statements.iter().filter(is_value);
            let (plain, nested): (Vec<&Statement<'_>>, Vec<_>) = values.partition(|stmt| stmt.is_direct);
            found.extend(nested.into_iter().flat_map(|stmt| entries(stmt.node, false)));
            if let Some(stmt) = plain.last() {
                found.extend(entries(stmt.node, true));
                break;
            }
        }
        // What is sure is said first: a condition may only add to it.
        found.sort_by_key(|entry| !entry.sure);
        found.retain(|entry| entry.sure || entry.package.is_some());
        found
    }
}

/// How often a module gives a name a value.
fn gives(module: &Module, name: &str) -> usize {
    module.index().given_in(ScopeId::MODULE, name).count()
}

fn entries(stmt: &Stmt, sure: bool) -> Vec<MigrationModule> {
    let Some((_, Expr::Dict(dict))) = assignment(stmt) else { return Vec::new() };
    let entries = dict.items.iter().filter_map(|item| {
        let label = string(item.key.as_ref()?)?.to_owned();
        let package = match &item.value {
            Expr::NoneLiteral(_) => None,
            value => Some(string(value)?.to_owned()),
        };
        Some(MigrationModule { label, package, sure })
    });
    entries.collect()
}

/// Is it a settings module by its name: `settings.py`, `settings_dev.py`, `local_settings.py`, or a file of a package
/// `settings`? Those are read with the first batch.
pub fn is_settings(path: &str) -> bool {
    let (name, parent) = (file_name(path), file_name(folder(path)));
    let named = name.starts_with("settings") || name.ends_with("settings.py") || parent == "settings";
    named && name.ends_with(".py") && path.split('/').count() <= 6 && !is_vendored(path)
}

/// All settings modules by their name.
pub fn named(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.entries.keys().map(String::as_str).filter(|path| is_settings(path))
}

impl Fact for Settings {
    type Key = ();

    fn find(project: &Project, (): &()) -> Result<Self, NotLoaded> {
        find(project)
    }
}

fn find(project: &Project) -> Result<Settings, NotLoaded> {
    let tree = project.tree()?;
    let manage = tree.named("manage.py").filter(|path| !is_vendored(path));
    let manage: Vec<&str> = manage.take(MAX_PROJECTS).collect();
    let scripts = NotLoaded::all(manage.iter().map(|path| project.module(path)))?;
    let managed = manage.iter().zip(scripts).map(|(path, script)| {
        let root = folder(path);
        let name = script.and_then(|module| settings_module(&module));
        let file =
            name.map_or_else(|| Some(join(root, "config/settings.py")), |n| module_path(&tree, path, &n));
        (root, file)
    });
    let mut seen = BTreeSet::new();
    let projects = managed.map(|(root, file)| follow(project, &tree, root, file, &mut seen));
    let mut settings = Settings { projects: NotLoaded::all(projects)?, others: Vec::new() };
    // Settings for tests last: where nobody names one, the others are the project's.
    let unnamed = named(&tree).filter(|path| !seen.contains(*path));
    let mut unnamed: Vec<&str> = unnamed.take(MAX_UNNAMED).collect();
    unnamed.sort_by_key(|path| is_for_tests(path));
    let modules = NotLoaded::all(unnamed.iter().map(|path| project.module(path)))?;
    for (path, module) in unnamed.into_iter().zip(modules) {
        let Some(module) = module else { continue };
        let root = import_root(&tree, path);
        let is_new = module.assigned("INSTALLED_APPS").is_some()
            && settings.projects.len() < MAX_PROJECTS
            && settings.projects.iter().all(|p| p.root != root);
        if is_new && tree.under(root).any(|path| file_name(folder(path)) == "migrations") {
            settings.projects.push(follow(project, &tree, root, Some(path.to_owned()), &mut seen)?);
        } else {
            settings.others.push(module);
        }
    }
    Ok(settings)
}

/// The folder from which a module's packages are imported: the first above it that is no package itself.
fn import_root<'a>(tree: &Tree, path: &'a str) -> &'a str {
    let mut at = folder(path);
    while !at.is_empty() && tree.contains(&join(at, "__init__.py")) {
        at = folder(at);
    }
    at
}

/// A project by its settings module, which may not be there; `seen` gathers what was read.
fn follow(
    project: &Project,
    tree: &Tree,
    root: &str,
    file: Option<Path>,
    seen: &mut BTreeSet<Path>,
) -> Result<DjangoProject, NotLoaded> {
    let mut follow = Follow { project, tree, seen: BTreeSet::new(), modules: Vec::new(), has_more: false };
    let for_tests = file.as_deref().is_some_and(is_for_tests);
    if let Some(file) = file {
        follow.read(&file)?;
    }
    seen.append(&mut follow.seen);
    let Follow { modules, has_more, .. } = follow;
    Ok(DjangoProject { root: root.to_owned(), for_tests, modules, has_more })
}

/// `archive.blog` in `"old.archive.blog.apps.BlogConfig"`, and not in `"archive.blogger"`.
fn is_mentioned(text: &str, words: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + words.len()..].chars().next());
        let is_inside = goes_on(before) && goes_on(words.chars().next());
        !is_inside && !goes_on(after)
    })
}

/// `tests/settings.py`, `test_settings.py`, `settings/test.py`
fn is_for_tests(path: &str) -> bool {
    let words = path.trim_end_matches(".py").split(['/', '_']);
    words.into_iter().any(|word| matches!(word, "test" | "tests" | "testing"))
}

/// The string given with `"DJANGO_SETTINGS_MODULE"`.
fn settings_module(manage: &Module) -> Option<String> {
    manage.calls().find_map(|call| {
        let key = call.arguments.find_positional(0).and_then(string)?;
        let value = call.arguments.find_positional(1).and_then(string)?;
        (key == "DJANGO_SETTINGS_MODULE").then(|| value.to_owned())
    })
}

/// Modules in the order in which they are read, each once.
struct Follow<'p> {
    project: &'p Project,
    tree: &'p Tree,
    seen: BTreeSet<Path>,
    modules: Vec<Arc<Module>>,
    has_more: bool,
}

impl Follow<'_> {
    /// Reads a module and those that it star-imports or includes.
    fn read(&mut self, path: &str) -> Result<(), NotLoaded> {
        if self.seen.len() >= MAX_SETTINGS {
            self.has_more = true;
            return Ok(());
        }
        if !self.seen.insert(path.to_owned()) {
            return Ok(());
        }
        let Some(module) = self.project.module(path)? else {
            self.has_more = true;
            return Ok(());
        };
        self.modules.push(module.clone());
        // All that it imports at once: each round of reading is a request.
        let mut missing = NotLoaded::default();
        let mut followed = 0;
        for stmt in module.body() {
            let next = match stmt {
                Stmt::ImportFrom(import) => {
                    let taken = star_import(import).and_then(|name| module_path(self.tree, path, &name));
                    followed += usize::from(taken.is_some());
                    taken.into_iter().collect()
                }
                Stmt::Expr(expr) => {
                    let included = included(&expr.value, &module, self.tree, path);
                    self.has_more |= !included.is_empty();
                    included
                }
                _ => Vec::new(),
            };
            for next in next {
                self.read(&next).unwrap_or_else(|more| missing.merge(more));
            }
        }
        self.has_more |= followed < module.index().star_imports().len();
        if missing.wants.is_empty() { Ok(()) } else { Err(missing) }
    }
}

/// The files of `split_settings.tools.include("base.py", optional("local.py"), "components/*.py")`.
fn included(expr: &Expr, module: &Module, tree: &Tree, path: &str) -> Vec<Path> {
    let is = |call: &ExprCall, name: &str| {
        module.qualified(&call.func).is_some_and(|q| q == format!("split_settings.tools.{name}").as_str())
    };
    let Some(call) = expr.as_call_expr().filter(|call| is(call, "include")) else { return Vec::new() };
    let names = call.arguments.args.iter().filter_map(|argument| match argument {
        Expr::Call(inner) if is(inner, "optional") => inner.arguments.find_positional(0).and_then(string),
        other => string(other),
    });
    names.flat_map(|name| matching(tree, &join(folder(path), name))).collect()
}

/// The files of a path whose last part may hold one `*`.
fn matching(tree: &Tree, pattern: &str) -> Vec<Path> {
    let Some((before, after)) = file_name(pattern).split_once('*') else {
        return tree.contains(pattern).then(|| pattern.to_owned()).into_iter().collect();
    };
    let fits = |path: &&str| {
        let name = file_name(path);
        folder(path) == folder(pattern)
            && name.len() >= before.len() + after.len()
            && name.starts_with(before)
            && name.ends_with(after)
    };
    tree.under(folder(pattern)).filter(fits).take(MAX_INCLUDED).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::django::tests::project;

    const MANAGE: &str =
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')\n";

    #[test]
    fn split_settings_are_followed_to_their_base() {
        let files = [
            ("manage.py", MANAGE),
            ("config/settings/local.py", "from .base import *\nDEBUG = True\n"),
            (
                "config/settings/base.py",
                "INSTALLED_APPS = ['django.contrib.auth', 'blog.apps.BlogConfig']\nMIGRATION_MODULES = {'blog': 'blog.db', 'shop': None}\n",
            ),
        ];
        let settings = project(&files).fact::<Settings>(&()).unwrap();
        assert!(settings.installs("auth") && settings.installs("blog") && !settings.installs("shop"));
        let modules = settings.projects().next().unwrap().migration_modules();
        let entry = |label: &str, package: Option<&str>| MigrationModule {
            label: label.to_owned(),
            package: package.map(str::to_owned),
            sure: true,
        };
        assert_eq!(modules, [entry("blog", Some("blog.db")), entry("shop", None)]);
    }

    #[test]
    fn included_settings_and_their_conditions_are_read() {
        let files = [
            ("manage.py", MANAGE),
            (
                "config/settings/local.py",
                "from split_settings.tools import include, optional\ninclude('settings.dist.py', optional('private.py'), 'parts/*.py')\n",
            ),
            (
                "config/settings/settings.dist.py",
                "if TRACKED:\n    MIGRATION_MODULES = {'blog': 'blog.db', 'shop': None}\n",
            ),
            ("config/settings/parts/apps.py", "INSTALLED_APPS = ['blog']\n"),
        ];
        let settings = project(&files).fact::<Settings>(&()).unwrap();
        assert!(settings.installs("blog"));
        let modules = settings.projects().next().unwrap().migration_modules();
        assert_eq!(
            modules,
            [MigrationModule { label: "blog".into(), package: Some("blog.db".into()), sure: false }]
        );
    }

    #[test]
    fn settings_of_tests_say_nothing_of_migrations() {
        let files = [
            (
                "manage.py",
                "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'blog.tests.settings')\n",
            ),
            ("blog/tests/settings.py", "INSTALLED_APPS = ['blog']\nMIGRATION_MODULES = {'blog': None}\n"),
        ];
        let settings = project(&files).fact::<Settings>(&()).unwrap();
        assert!(settings.installs("blog"));
        assert_eq!(settings.projects().next().unwrap().migration_modules(), []);
    }

    #[test]
    fn settings_that_import_themselves_end() {
        let itself = "from .local import *\n".repeat(100);
        let files = [("manage.py", MANAGE), ("config/settings/local.py", itself.as_str())];
        let settings = project(&files).fact::<Settings>(&()).unwrap();
        assert_eq!(settings.projects().map(|p| p.modules.len()).collect::<Vec<_>>(), [1]);
    }
}
