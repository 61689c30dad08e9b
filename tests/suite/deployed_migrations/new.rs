//! New migrations in packages of every kind, and squashes.

use red_panda::model::finding::Place;
use red_panda::standin::sample::Sample;

use super::{FILL, MANAGE, judged, migration};

#[test]
fn a_package_that_settings_name_under_a_condition_holds_migrations() {
    let run = migration(FILL, "    operations = [migrations.RunPython(fill)]");
    let settings = [
        MANAGE,
        ("dojo/settings/__init__.py", ""),
        (
            "dojo/settings/settings.py",
            "from split_settings.tools import include, optional\n\ninclude('settings.dist.py', optional('local_settings.py'))\n",
        ),
        (
            "dojo/settings/settings.dist.py",
            "if env('DD_TRACK_MIGRATIONS'):\n    MIGRATION_MODULES = {'dojo': 'dojo.db.kept'}\n",
        ),
        ("dojo/db/kept/__init__.py", ""),
    ];
    let mut head = settings.to_vec();
    head.push(("dojo/db/kept/0002_fill.py", &run));
    let found = judged(&Sample::new(&settings, &head), "MIG004");
    assert_eq!(found[0].headline, "`RunPython(fill)` in `dojo.0002_fill` cannot be reversed");
}

#[test]
fn a_package_of_numbered_migrations_is_one_by_any_name() {
    let first = migration("", "    operations = []");
    let run = migration(FILL, "    operations = [migrations.RunPython(fill)]");
    let config = "from django.apps import AppConfig\n\n\nclass Blog(AppConfig):\n    name = 'site.blog'\n    label = 'weblog'\n";
    let base = [
        ("blog/apps.py", config),
        ("blog/db_migrations/__init__.py", ""),
        ("blog/db_migrations/0001_initial.py", first.as_str()),
    ];
    let mut head = base.to_vec();
    head.push(("blog/db_migrations/0002_fill.py", &run));
    let found = judged(&Sample::new(&base, &head), "MIG004");
    assert_eq!(found[0].headline, "`RunPython(fill)` in `weblog.0002_fill` cannot be reversed");
    let gone = judged(&Sample::new(&head, &base), "MIG002");
    assert_eq!(gone[0].subject, "weblog.0002_fill");
}

#[test]
fn a_migration_that_gets_its_suffix_back_is_new() {
    let run = migration(FILL, "    operations = [migrations.RunPython(fill)]");
    let (old, new) = ("dojo/migrations/0002_fill.py.stop", "dojo/migrations/0002_fill.py");
    let mut sample = Sample::new(&[(old, &run)], &[(new, &run)]);
    sample.renames.insert(new.to_owned(), old.to_owned());
    let found = judged(&sample, "MIG004");
    assert_eq!(found[0].place, Place::Path(new.to_owned()));
}

#[test]
fn several_untested_data_migrations_are_one_piece_of_advice() {
    let run = migration(FILL, "    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]");
    let head = [("blog/migrations/0002_a_b.py", run.as_str()), ("blog/migrations/0003_c_d.py", run.as_str())];
    let found = judged(&Sample::new(&[], &head), "MIG015");
    let headlines: Vec<&str> = found.iter().map(|f| f.headline.as_str()).collect();
    assert_eq!(
        headlines,
        ["`blog.0002_a_b` and 1 more migration change data, and no test of this change runs them"]
    );
}

#[test]
fn apps_that_only_tests_install_are_left_alone() {
    let run = migration(FILL, "    operations = [migrations.RunPython(fill)]");
    let found = Sample::new(&[], &[("blog/test/testapp/migrations/0002_c.py", &run)]).judge().findings;
    assert_eq!(found.iter().filter(|r| r.finding.code.starts_with("MIG")).count(), 0);
}

#[test]
fn a_name_that_django_gives_to_a_new_model_says_enough() {
    let create = migration(
        "",
        "    operations = [migrations.CreateModel('JournalEntry', [('id', models.AutoField(primary_key=True))])]",
    );
    let named = |path: &str| judged(&Sample::new(&[], &[(path, &create)]), "MIG011").len();
    assert_eq!(
        (named("blog/migrations/0058_journalentry.py"), named("blog/migrations/0058_tags.py")),
        (0, 1)
    );
}

#[test]
fn a_squash_of_what_was_removed_before_and_its_old_columns_are_not_judged_again() {
    let first = migration(
        "",
        "    operations = [migrations.CreateModel('Post', [('id', models.AutoField(primary_key=True))])]",
    );
    let squash = migration(
        "",
        "    replaces = [('blog', '0002_b'), ('blog', '0003_c')]\n    dependencies = [('blog', '0001_initial')]\n    operations = [migrations.AddField('post', 'a', models.IntegerField())]",
    );
    let base = [("blog/migrations/__init__.py", ""), ("blog/migrations/0001_initial.py", first.as_str())];
    let mut head = base.to_vec();
    head.push(("blog/migrations/0002_squashed_0003.py", &squash));
    let found = Sample::new(&base, &head).judge().findings;
    assert_eq!(found.iter().map(|r| r.finding.headline.as_str()).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn an_operation_that_runs_another_function_is_reported_anew() {
    let run = |name: &str| {
        let fill = FILL.replace("fill", name);
        migration(&fill, &format!("    operations = [migrations.RunPython({name})]"))
    };
    let path = |name: &str| format!("blog/migrations/{name}.py");
    let sample = |old: (&str, &str), new: (&str, &str)| {
        let (from, to) = (path(old.0), path(new.0));
        let mut sample = Sample::new(&[(&from, &run(old.1))], &[(&to, &run(new.1))]);
        if from != to {
            sample.renames.insert(to, from);
        }
        judged(&sample, "MIG004").len()
    };
    assert_eq!(sample(("0002_a", "fill"), ("0002_a", "fill_all")), 1);
    assert_eq!(sample(("0002_a", "fill"), ("0003_b", "fill")), 0);
    assert_eq!(sample(("0002_a", "fill"), ("0003_b", "fill_all")), 1);
}

#[test]
fn what_a_squash_leaves_out_is_named_without_its_values() {
    let old =
        migration("", "    operations = [migrations.RunSQL(\"UPDATE a SET token = 'q7Zr2LmX9vKc4T'\", '')]");
    let squash =
        migration("", "    replaces = [('blog', '0001_a'), ('blog', '0002_b')]\n    operations = []");
    let base = [("blog/migrations/0001_a.py", old.as_str()), ("blog/migrations/0002_b.py", &old)];
    let head = [&base[..], &[("blog/migrations/0001_squashed_0002_b.py", squash.as_str())]].concat();
    let found = judged(&Sample::new(&base, &head), "MIG010");
    assert!(found[0].headline.contains("leaves out `RunSQL(UPDATE a SET …)`"), "{}", found[0].headline);
    assert!(!format!("{}{}", found[0].headline, found[0].consequence).contains("q7Zr"));
}
