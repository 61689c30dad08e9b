//! Which folder is which app, told as small repositories.

use std::sync::Arc;

use crate::model::change::Mode;
use crate::model::id::Sha;
use crate::project::Project;
use crate::source::{Blob, Snapshot, SnapshotId, Tree, TreeEntry};

/// A commit of these files.
pub(in crate::project) fn project(files: &[(&str, &str)]) -> Project {
    let snapshot = Snapshot::new(SnapshotId::Head, Sha::parse(&"a".repeat(40)).unwrap());
    let entry = TreeEntry { mode: Mode::File, blob: None, size: None };
    let entries = files.iter().map(|(path, _)| ((*path).to_owned(), entry.clone())).collect();
    snapshot.supply_tree(Tree { entries, truncated: false });
    for (path, text) in files {
        snapshot.supply_file((*path).to_owned(), Blob::from_bytes(text.as_bytes()));
    }
    Project::new(Arc::new(snapshot), Arc::default())
}

const MANAGE: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n";
const MIGRATION: &str =
    "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = []\n";

/// A commit with these settings, and with a first migration in each of these packages.
fn with(settings: &[(&str, &str)], packages: &[&str]) -> Project {
    let paths: Vec<String> = packages.iter().map(|package| format!("{package}/0001_initial.py")).collect();
    let inits: Vec<String> = packages.iter().map(|package| format!("{package}/__init__.py")).collect();
    let migrations = paths.iter().map(|path| (path.as_str(), MIGRATION));
    let inits = inits.iter().map(|path| (path.as_str(), ""));
    let files: Vec<(&str, &str)> = settings.iter().copied().chain(migrations).chain(inits).collect();
    project(&files)
}

/// The folders of the apps that a label may mean from a path.
fn meant(project: &Project, label: &str, from: &str) -> Vec<String> {
    let apps = project.apps().unwrap();
    apps.labelled(label, from).into_iter().map(|app| app.folder.clone()).collect()
}

/// The packages that hold migrations of some app.
fn packages(project: &Project) -> Vec<String> {
    project.apps().unwrap().iter().map(|app| app.migrations.clone()).collect()
}

#[test]
fn each_of_two_projects_has_its_own_apps() {
    let settings = "INSTALLED_APPS = ['users', 'invoices', 'libs.audit']\n";
    let project = with(
        &[
            ("shop/manage.py", MANAGE),
            ("shop/config/settings.py", "INSTALLED_APPS = get_apps()\n"),
            ("billing/manage.py", MANAGE),
            ("billing/config/settings.py", settings),
        ],
        &[
            "shop/users/migrations",
            "billing/users/migrations",
            "billing/invoices/migrations",
            "libs/audit/migrations",
        ],
    );
    assert_eq!(meant(&project, "users", "shop/users/migrations/0002_new.py"), ["shop/users"]);
    assert_eq!(meant(&project, "users", "shop/orders/migrations/0001_new.py"), ["shop/users"]);
    assert_eq!(meant(&project, "users", "billing/invoices/models.py"), ["billing/users"]);
    assert_eq!(meant(&project, "invoices", "shop/users/migrations/0002_new.py"), [""; 0]);
    // An app beside the projects is of those that install it.
    assert_eq!(meant(&project, "audit", "billing/users/migrations/0002_new.py"), ["libs/audit"]);
    assert_eq!(meant(&project, "users", "libs/audit/migrations/0002_new.py"), ["billing/users"]);
}

#[test]
fn settings_make_a_project_where_no_manage_py_stands() {
    let settings = "INSTALLED_APPS = ['users']\n";
    let project = with(
        &[
            ("shop/config/__init__.py", ""),
            ("shop/config/settings.py", settings),
            ("billing/config/__init__.py", ""),
            ("billing/config/settings.py", settings),
        ],
        &["shop/users/migrations", "billing/users/migrations"],
    );
    assert_eq!(meant(&project, "users", "billing/orders/models.py"), ["billing/users"]);
}

#[test]
fn a_copy_that_no_settings_install_is_no_app() {
    let split = "from .base import *\nINSTALLED_APPS += ['debug_toolbar']\n";
    let settings = [
        ("manage.py", "setdefault('DJANGO_SETTINGS_MODULE', 'config.local')\n"),
        ("config/local.py", split),
        ("config/base.py", "INSTALLED_APPS = ['blog.apps.BlogConfig', 'apps.shop']\n"),
        ("blog/apps.py", "class BlogConfig(AppConfig):\n    name = 'blog'\n"),
    ];
    let copies = [
        "archive/blog/migrations",
        "blog/migrations",
        "apps/shop/migrations",
        "shop/migrations",
        "vendor/news/migrations",
    ];
    let project = with(&settings, &copies);
    // Of `news` there is no other: it may be installed where nobody sees it.
    assert_eq!(packages(&project), ["apps/shop/migrations", "blog/migrations", "vendor/news/migrations"]);
}

#[test]
fn what_any_settings_name_stays_and_the_installed_one_is_meant() {
    let settings = [
        ("manage.py", MANAGE),
        ("config/settings.py", "INSTALLED_APPS = ['blog', 'shop']\n"),
        ("config/settings_tests.py", "from .settings import *\nINSTALLED_APPS = ['tests.blog']\n"),
    ];
    let project = with(&settings, &["blog/migrations", "tests/blog/migrations", "shop/migrations"]);
    assert_eq!(packages(&project).len(), 3);
    assert_eq!(meant(&project, "blog", "shop/migrations/0002_new.py"), ["blog"]);
    assert_eq!(meant(&project, "blog", "tests/blog/migrations/0002_new.py"), ["tests/blog"]);
}

#[test]
fn what_is_not_known_to_be_installed_stays_open() {
    let copies = ["blog/migrations", "archive/blog/migrations", "shop/migrations"];
    for settings in ["INSTALLED_APPS = read()\n", "if OLD:\n    INSTALLED_APPS = read()\n", ""] {
        let project = with(&[("manage.py", MANAGE), ("config/settings.py", settings)], &copies);
        assert_eq!(meant(&project, "blog", "shop/migrations/0002_new.py"), ["archive/blog", "blog"]);
        assert_eq!(meant(&project, "blog", "blog/migrations/0002_new.py"), ["blog"]);
    }
}

#[test]
fn migration_modules_of_one_project_are_not_the_others() {
    let files = [
        ("manage.py", MANAGE),
        ("config/settings.py", "MIGRATION_MODULES = {'users': None}\n"),
        ("billing/manage.py", MANAGE),
        ("billing/config/settings.py", "INSTALLED_APPS = ['users']\n"),
    ];
    assert_eq!(
        packages(&with(&files, &["users/migrations", "billing/users/migrations"])),
        ["billing/users/migrations"]
    );
}

#[test]
fn a_project_in_an_archive_is_a_project_of_its_own() {
    let settings = "INSTALLED_APPS = ['blog']\n";
    let files = [
        ("manage.py", MANAGE),
        ("config/settings.py", settings),
        ("archive/manage.py", MANAGE),
        ("archive/config/settings.py", settings),
    ];
    let project = with(&files, &["blog/migrations", "archive/blog/migrations"]);
    assert_eq!(packages(&project), ["archive/blog/migrations", "blog/migrations"]);
    assert_eq!(meant(&project, "blog", "archive/shop/models.py"), ["archive/blog"]);
    assert_eq!(meant(&project, "blog", "shop/models.py"), ["blog"]);
}

#[test]
fn only_the_package_that_django_loads_holds_migrations() {
    let manage = ("manage.py", MANAGE);
    let beside = ["a/migrations", "a/migrations_old", "a/migrations/old", "b/db_migrations"];
    let project = with(&[manage, ("config/settings.py", "INSTALLED_APPS = ['a', 'b']\n")], &beside);
    assert_eq!(packages(&project), ["a/migrations", "b/db_migrations"]);
    // An empty package is one, too: Django does not look further.
    let files = [manage, ("config/settings.py", ""), ("a/migrations/__init__.py", "")];
    assert_eq!(packages(&with(&files, &["a/migrations_old"])), [""; 0]);
}

#[test]
fn settings_may_say_otherwise_also_where_they_compute() {
    let beside = ["a/migrations", "a/migrations_old"];
    let said =
        |settings: &str| packages(&with(&[("manage.py", MANAGE), ("config/settings.py", settings)], &beside));
    assert_eq!(said("MIGRATION_MODULES = {'a': 'a.migrations_old'}\n"), ["a/migrations_old"]);
    let conditional = "if OLD:\n    MIGRATION_MODULES = {'a': 'a.migrations_old'}\n";
    assert_eq!(said(conditional), beside);
    let computed = "MIGRATION_MODULES = {app: f'{app}.migrations_old' for app in APPS}\n";
    assert_eq!(said(computed), beside);
}

#[test]
fn a_label_that_is_no_identifier_is_nobodys() {
    let config = "class BlogConfig(AppConfig):\n    name = 'shop.blog'\n    label = 'shop.blog'\n";
    let project = with(&[("shop/blog/apps.py", config)], &["shop/blog/migrations"]);
    assert_eq!(meant(&project, "blog", "shop/blog/models.py"), ["shop/blog"]);
}

#[test]
fn an_app_may_be_called_after_migrations() {
    let project = with(&[], &["apps/long_migrations/migrations"]);
    assert_eq!(meant(&project, "long_migrations", "apps/shop/models.py"), ["apps/long_migrations"]);
}
