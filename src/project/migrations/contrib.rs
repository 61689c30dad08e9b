//! The migrations that Django brings along, over all its versions from 1.7 on.

use crate::project::django::apps::MigrationName;
use crate::project::migrations::loader::Declared;
use crate::project::migrations::migration::Dependency;

const MIGRATIONS: [(&str, &[&str]); 7] = [
    ("admin", &["0001_initial", "0002_logentry_remove_auto_add", "0003_logentry_add_action_flag_choices"]),
    (
        "auth",
        &[
            "0001_initial",
            "0002_alter_permission_name_max_length",
            "0003_alter_user_email_max_length",
            "0004_alter_user_username_opts",
            "0005_alter_user_last_login_null",
            "0006_require_contenttypes_0002",
            "0007_alter_validators_add_error_messages",
            "0008_alter_user_username_max_length",
            "0009_alter_user_last_name_max_length",
            "0010_alter_group_name_max_length",
            "0011_update_proxy_permissions",
            "0012_alter_user_first_name_max_length",
        ],
    ),
    ("contenttypes", &["0001_initial", "0002_remove_content_type_name"]),
    ("flatpages", &["0001_initial"]),
    ("redirects", &["0001_initial", "0002_alter_redirect_new_path_help_text"]),
    ("sessions", &["0001_initial"]),
    ("sites", &["0001_initial", "0002_alter_domain_unique"]),
];

/// What they need of other apps. Within its app each needs the one before.
const ACROSS: [(&str, &str, &str, &str); 5] = [
    ("admin", "0001_initial", "contenttypes", "__first__"),
    ("auth", "0001_initial", "contenttypes", "__first__"),
    ("auth", "0006_require_contenttypes_0002", "contenttypes", "0002_remove_content_type_name"),
    ("flatpages", "0001_initial", "sites", "0001_initial"),
    ("redirects", "0001_initial", "sites", "0001_initial"),
];

/// All of them, as their classes declare them.
pub fn declared() -> impl Iterator<Item = (MigrationName, Declared)> {
    let on = |app: &str, name: &str| MigrationName { app: app.to_owned(), name: name.to_owned() };
    MIGRATIONS.iter().flat_map(move |(app, names)| {
        names.iter().enumerate().map(move |(index, name)| {
            let before = index.checked_sub(1).map(|before| on(app, names[before]));
            let across = ACROSS.iter().filter(|(from, by, ..)| from == app && by == name);
            let across = across.map(|(_, _, to, parent)| on(to, parent));
            let mut dependencies: Vec<_> = before.into_iter().chain(across).map(Dependency::On).collect();
            if (*app, *name) == ("admin", "0001_initial") {
                dependencies.push(Dependency::Swappable("AUTH_USER_MODEL".to_owned()));
            }
            (on(app, name), Declared { dependencies, ..Declared::default() })
        })
    })
}

/// Does Django bring this migration? `None`: the app is not one of Django's with migrations.
pub fn has(migration: &MigrationName) -> Option<bool> {
    names(&migration.app).map(|names| names.contains(&migration.name.as_str()))
}

/// Names of an app's migrations, in order.
pub fn names(app: &str) -> Option<&'static [&'static str]> {
    MIGRATIONS.iter().find(|(label, _)| *label == app).map(|(_, names)| *names)
}
