//! Several Django projects, copies of apps, and what Git ignores, in one repository.

use red_panda::standin::sample::Sample;

const MANAGE: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n";
const COLUMN: &str = "migrations.AddField('post', 'rank', models.IntegerField()),";

fn migration(dependencies: &str, operation: &str) -> String {
    format!(
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [{dependencies}]\n    operations = [{operation}]\n"
    )
}

/// A first migration that makes a table of posts.
fn first() -> String {
    let fields = "[('id', models.BigAutoField(primary_key=True)), ('name', models.CharField(max_length=5))]";
    migration("", &format!("migrations.CreateModel('Post', {fields})"))
}

/// What the family says of a change from `base` with these files put in, or taken out.
fn judged(base: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> Vec<(&'static str, String)> {
    let mut head: Vec<(&str, &str)> =
        base.iter().copied().filter(|(path, _)| changes.iter().all(|(changed, _)| changed != path)).collect();
    head.extend(changes.iter().filter_map(|(path, text)| Some((*path, (*text)?))));
    let findings = Sample::new(base, &head).judge().findings.into_iter().map(|report| report.finding);
    let findings = findings.filter(|finding| finding.code.starts_with("MIG"));
    findings.map(|finding| (finding.code, finding.place.path().unwrap_or_default().to_owned())).collect()
}

/// Two projects, each with an app `users`.
fn two_projects(first: &str) -> Vec<(&'static str, &str)> {
    let settings = "INSTALLED_APPS = ['users']\n";
    vec![
        ("shop/manage.py", MANAGE),
        ("shop/config/settings.py", settings),
        ("shop/users/migrations/__init__.py", ""),
        ("shop/users/migrations/0001_initial.py", first),
        ("billing/manage.py", MANAGE),
        ("billing/config/settings.py", settings),
        ("billing/users/migrations/__init__.py", ""),
        ("billing/users/migrations/0001_initial.py", first),
    ]
}

#[test]
fn what_one_project_has_deployed_is_new_in_the_other() {
    let (first, second) = (first(), migration("('users', '0001_initial')", COLUMN));
    let mut base = two_projects(&first);
    base.push(("billing/users/migrations/0002_add_rank.py", &second));
    let new = "shop/users/migrations/0002_add_rank.py";
    assert_eq!(judged(&base, &[(new, Some(&second))]), [("MIG006", new.to_owned())]);
}

#[test]
fn an_app_that_only_the_other_project_has_does_not_exist_here() {
    let first = first();
    let needing = migration("('users', '0001_initial'), ('invoices', '0001_initial')", "");
    let new = "shop/users/migrations/0002_link_invoices.py";
    let said_beside = |installed: &str, beside: (&'static str, &'static str)| {
        let mut base = two_projects(&first);
        base.push(beside);
        base.retain(|(path, _)| *path != "shop/config/settings.py");
        base.extend([
            ("shop/config/settings.py", installed),
            ("billing/invoices/migrations/__init__.py", ""),
            ("billing/invoices/migrations/0001_initial.py", &first),
        ]);
        judged(&base, &[(new, Some(&needing))])
    };
    let said = |installed: &str| said_beside(installed, ("shop/urls.py", ""));
    let missing = [("MIG009", new.to_owned())];
    assert_eq!(said("INSTALLED_APPS = ['django.contrib.auth', 'users']\n"), missing);
    // A package may have it, and what cannot be read may install one.
    assert_eq!(said("INSTALLED_APPS = ['users', 'invoicing']\n"), []);
    assert_eq!(said("INSTALLED_APPS = ['users'] + more()\n"), []);
    assert_eq!(
        said("INSTALLED_APPS = ['users']\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n"),
        []
    );
    let live = ("shop/config/settings_live.py", "from .settings import *\nINSTALLED_APPS += ['invoicing']\n");
    assert_eq!(said_beside("INSTALLED_APPS = ['users']\n", live), []);
}

#[test]
fn an_app_that_one_project_removes_is_not_found_in_the_other() {
    let first = first();
    let gone = "shop/users/migrations/0001_initial.py";
    let changes = [
        (gone, None),
        ("shop/users/migrations/__init__.py", None),
        ("shop/config/settings.py", Some("INSTALLED_APPS = []\n")),
    ];
    assert_eq!(judged(&two_projects(&first), &changes), [("MIG002", gone.to_owned())]);
}

#[test]
fn a_project_that_moves_takes_its_apps_along() {
    let first = first();
    let base = two_projects(&first);
    let moved: Vec<(String, &str)> = base
        .iter()
        .filter_map(|(path, text)| Some((format!("services/{}", path.strip_prefix("shop/")?), *text)))
        .collect();
    let gone = base.iter().filter(|(path, _)| path.starts_with("shop/")).map(|(path, _)| (*path, None));
    let changes: Vec<_> = gone.chain(moved.iter().map(|(path, text)| (path.as_str(), Some(*text)))).collect();
    assert_eq!(judged(&base, &changes), []);
}

#[test]
fn nothing_is_deployed_from_a_copy_or_from_what_django_passes_over() {
    let (first, edited) = (first(), migration("", "migrations.CreateModel('Page', [])"));
    for package in ["archive/blog/migrations", "blog/migrations_old", "blog/migrations/old"] {
        let (place, init) = (format!("{package}/0001_initial.py"), format!("{package}/__init__.py"));
        let base = [
            ("manage.py", MANAGE),
            ("config/settings.py", "INSTALLED_APPS = ['blog']\n"),
            ("blog/migrations/__init__.py", ""),
            ("blog/migrations/0001_initial.py", &*first),
            (&*init, ""),
            (&*place, &*first),
        ];
        assert_eq!(judged(&base, &[(&*place, Some(&*edited))]), [], "edited in {package}");
        assert_eq!(judged(&base, &[(&*place, None), (&*init, None)]), [], "{package} removed");
    }
}

#[test]
fn nobody_knows_what_stands_in_a_package_that_git_ignores() {
    let first = first();
    let on = |also: &str| migration(&format!("('blog', '0001_initial'), {also}"), "");
    let (local, leaf) = (on("('shop', '0005_local')"), on(""));
    let squash = migration("", "")
        .replace("    dep", "    replaces = [('blog', '0001_initial'), ('blog', '0002_local')]\n    dep");
    let new = "blog/migrations/0002_link_shops.py";
    let said = |patterns: &str, text: &str| {
        let base = [
            ("manage.py", MANAGE),
            ("config/settings.py", "INSTALLED_APPS = ['blog', 'shop']\n"),
            (".gitignore", patterns),
            ("blog/migrations/__init__.py", ""),
            ("blog/migrations/0001_initial.py", &*first),
            ("blog/migrations/0002_link_posts.py", &*leaf),
            ("shop/migrations/__init__.py", ""),
            ("shop/migrations/0001_initial.py", &*first),
        ];
        judged(&base, &[(new, Some(text))]).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    for text in [&local, &leaf, &squash] {
        assert_eq!(said("*/migrations/*\n!*/migrations/__init__.py\n", text), [""; 0], "{text}");
        assert_ne!(said("*.pyc\n", text), [""; 0], "{text}");
    }
}
