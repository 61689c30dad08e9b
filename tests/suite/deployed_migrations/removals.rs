//! MIG002: what removes or renames a deployed migration, and what only looks like it.

use red_panda::model::finding::Severity;
use red_panda::project::migrations::deployed::Evidence;
use red_panda::standin::sample::{Sample, files};

use super::{MANAGE, judged, migration};

#[test]
fn what_was_rewritten_under_another_name_may_not_stand_for_the_old_one() {
    let old = migration("", "    operations = [migrations.DeleteModel('A'), migrations.DeleteModel('B')]");
    let fix = |new: &str| {
        const PATHS: [&str; 2] = ["blog/migrations/0002_auto.py", "blog/migrations/0002_b.py"];
        let renames = [(PATHS[1].to_owned(), PATHS[0].to_owned())].into();
        let sample = Sample { renames, ..Sample::new(&[(PATHS[0], &old)], &[(PATHS[1], new)]) };
        judged(&sample, "MIG002")[0].fix.clone().unwrap()
    };
    assert_eq!(fix(&old).edits.len(), 1);
    let rewritten = fix(&old.replace("'B')", "'B'), migrations.DeleteModel('C')"));
    assert!(rewritten.edits.is_empty() && rewritten.text.starts_with("Restore"), "{rewritten:?}");
}

#[test]
fn what_takes_the_place_of_south_keeps_its_name() {
    let first = migration("", "    operations = []");
    let south = "from south.v2 import SchemaMigration\n\n\nclass Migration(SchemaMigration):\n    def forwards(self, orm):\n        pass\n";
    let (place, beside) = ("blog/migrations/0001_initial.py", "blog/migrations_django/0001_initial.py");
    let package = ("blog/migrations_django/__init__.py", "");
    let moved = Sample::new(&[(place, south), (beside, &*first), package], &[(place, &*first)]);
    assert_eq!(judged(&moved, "MIG002"), []);
    let lost = Sample::new(&[(place, south), (beside, &*first), package], &[package]);
    assert_eq!(judged(&lost, "MIG002").len(), 1);
}

#[test]
fn the_old_name_is_kept_with_the_blanks_of_its_file() {
    let text = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n\toperations = [migrations.RunSQL('UPDATE a', '')]\n";
    let base = [("manage.py", ""), ("trees/migrations/0002_a.py", text)];
    let head = [("manage.py", ""), ("trees/migrations/0002_b.py", text)];
    let renames = [("trees/migrations/0002_b.py".to_owned(), "trees/migrations/0002_a.py".to_owned())].into();
    let found = judged(&Sample { renames, ..Sample::new(&base, &head) }, "MIG002");
    let edit = &found[0].fix.as_ref().unwrap().edits[0];
    assert_eq!(edit.replacement, "replaces = [(\"trees\", \"0002_a\")]\n\t");
}

#[test]
fn the_label_is_read_where_django_finds_it() {
    let plain = migration("", "    operations = []");
    let file = ("hypha/utils/migrations/0001_initial.py", plain.as_str());
    let config = |name: &str| {
        format!("from django.apps import AppConfig\n\n\nclass Utils(AppConfig):\n    name = '{name}'\n")
    };
    let labelled = config("hypha.utils") + "    label = 'apply_utils'\n";
    let pointed = ("hypha/utils/__init__.py", "default_app_config = 'hypha.utils.app.Utils'\n");
    let renamed = Sample::new(
        &[file, pointed, ("hypha/utils/app.py", &labelled)],
        &[file, ("hypha/utils/__init__.py", ""), ("hypha/utils/apps.py", &labelled)],
    );
    assert_eq!(judged(&renamed, "MIG002"), []);
    // A config by a name that leads nowhere never was the app's.
    let (dead, mended) = (config("apply"), config("hypha.utils"));
    let sample =
        Sample::new(&[file, ("hypha/utils/apps.py", &dead)], &[file, ("hypha/utils/apps.py", &mended)]);
    assert_eq!(judged(&sample, "MIG002"), []);
    let moved =
        Sample::new(&[file, ("hypha/utils/apps.py", &mended)], &[file, ("hypha/utils/apps.py", &labelled)]);
    assert_eq!(judged(&moved, "MIG002").len(), 1);
}

#[test]
fn an_app_in_the_root_has_no_label_to_change() {
    let first = migration("", "    operations = []");
    let (old, new) = ("migrations/0001_initial.py", "blog/migrations/0001_initial.py");
    let mut sample = Sample::new(&[(old, &first)], &[(new, &first)]);
    sample.renames.insert(new.to_owned(), old.to_owned());
    assert_eq!(judged(&sample, "MIG002"), []);
    assert_eq!(judged(&Sample::new(&[(old, &first)], &[]), "MIG002").len(), 1);
}

#[test]
fn a_plugin_says_its_label_in_its_own_kind_of_config() {
    let plain = migration("", "    operations = []");
    let config = |name: &str| {
        format!(
            "from core import PluginConfig\n\n\nclass Base(PluginConfig):\n    pass\n\n\nclass App(PluginConfig):\n    name = '{name}.app'\n    label = '{name}'\n"
        )
    };
    let (file, cert) = (config("file"), config("cert"));
    let (from, to) = ("file/app/migrations/0001_initial.py", "cert/app/migrations/0001_initial.py");
    let apps = [("file/app/__init__.py", file.as_str()), ("cert/app/apps.py", cert.as_str())];
    let with = |path| [apps.as_slice(), &[(path, plain.as_str())]].concat();
    let mut sample = Sample::new(&with(from), &with(to));
    sample.renames.insert(to.to_owned(), from.to_owned());
    let found = judged(&sample, "MIG002");
    assert_eq!(found[0].headline, "`file` becomes `cert`, and its 1 deployed migration with it");
}

#[test]
fn migrations_that_the_settings_hide_are_not_called_removed() {
    let initial = migration("", "    operations = [migrations.CreateModel('Test', [])]");
    let files = |modules: &'static str| {
        [MANAGE, ("dojo/settings/settings.py", modules), ("dojo/migrations/0001_initial.py", &initial)]
    };
    let found = judged(&Sample::new(&files(""), &files("MIGRATION_MODULES = {'dojo': None}\n")), "MIG002");
    assert_eq!(
        found[0].headline,
        "`dojo` loses its 1 deployed migration (it is on `main`) to `MIGRATION_MODULES`"
    );
}

#[test]
fn what_is_merged_and_not_released_is_said_so_and_is_a_warning() {
    let first = migration("", "    operations = []");
    let second = migration("", "    dependencies = [('blog', '0001_initial')]\n    operations = []");
    let base =
        [("blog/migrations/0001_initial.py", first.as_str()), ("blog/migrations/0002_slug.py", &second)];
    let said = |head: &[(&str, &str)], code: &str| {
        let deployed = Some((Evidence::Ref("production".to_owned()), files(&base[..1])));
        let found = judged(&Sample { deployed, ..Sample::new(&base, head) }, code);
        (found[0].severity, found[0].headline.clone())
    };
    let (severity, headline) = said(&base[..1], "MIG002");
    assert_eq!(headline, "`blog.0002_slug` is merged (not released yet) and is removed");
    assert_eq!(severity, Severity::Warning);

    let needs_new = second.replace("0001_initial", "0001_more");
    let head = [base[0], ("blog/migrations/0001_more.py", &second), (base[1].0, &needs_new)];
    let (severity, headline) = said(&head, "MIG003");
    assert!(headline.ends_with("`blog.0002_slug`, which is merged already (not released yet)"), "{headline}");
    assert_eq!(severity, Severity::Warning);
    let (severity, headline) = said(&head, "MIG001");
    assert!(headline.starts_with("`blog.0002_slug` is merged (not released yet); this edit"), "{headline}");
    assert_eq!(severity, Severity::Warning);
}

#[test]
fn numbered_modules_that_are_no_migrations_of_django_are_left_alone() {
    let south = "from south.db import db\nfrom south.v2 import SchemaMigration\n\n\nclass Migration(SchemaMigration):\n    pass\n";
    for first in [south, "def run():\n    pass\n"] {
        let base = [
            ("blog/old/__init__.py", ""),
            ("blog/old/0001_initial.py", first),
            ("blog/old/0002_b.py", first),
        ];
        assert_eq!(judged(&Sample::new(&base, &base[..2]), "MIG002"), []);
    }
}

#[test]
fn what_any_app_depends_on_stops_every_command() {
    let plain = migration("", "    operations = [migrations.CreateModel('Post', [])]");
    let needs = |line: &str| migration("", &format!("    {line}\n    operations = []"));
    let told = |shop: &str| {
        let shop = ("shop/migrations/0001_initial.py", shop);
        let base =
            [("blog/migrations/0001_initial.py", &*plain), ("blog/migrations/0002_b.py", &*plain), shop];
        let head = [("blog/migrations/0001_initial.py", &*plain), shop];
        judged(&Sample::new(&base, &head), "MIG002").remove(0).consequence
    };
    let stops = "every command that reads migrations stops with `NodeNotFoundError`";
    assert!(told(&needs("dependencies = [('blog', '0002_b')]")).contains(stops));
    assert!(told(&needs("run_before = [('blog', '0002_b')]")).contains(stops));
    assert!(told(&needs("dependencies = [('blog', '0001_initial')]")).starts_with("`migrate` says nothing"));

    let shop = needs("dependencies = [('blog', '0001_initial')]");
    let shop = ("shop/migrations/0001_initial.py", &*shop);
    let base = [("blog/migrations/0001_initial.py", &*plain), shop];
    let whole = judged(&Sample::new(&base, &[shop]), "MIG002").remove(0);
    assert!(whole.consequence.contains(stops), "{}", whole.consequence);
}
