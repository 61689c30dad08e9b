//! MIG001, MIG002 and the packages they look at, as the histories of real projects have them.

use red_panda::model::finding::{Finding, Place, Severity};
use red_panda::project::migrations::deployed::Evidence;
use red_panda::standin::sample::{Sample, files};

const MANAGE: (&str, &str) =
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'dojo.settings.settings')\n");

fn judged(sample: &Sample, code: &str) -> Vec<Finding> {
    let findings = sample.judge().findings.into_iter().map(|r| r.finding);
    findings.filter(|f| f.code == code).collect()
}

/// What MIG001 says of one edited file.
fn edited(old: &str, new: &str) -> Vec<(Severity, String)> {
    const PATH: &str = "blog/migrations/0002_next.py";
    let found = judged(&Sample::new(&[(PATH, old)], &[(PATH, new)]), "MIG001");
    found.into_iter().map(|f| (f.severity, f.headline)).collect()
}

fn migration(top: &str, body: &str) -> String {
    format!(
        "from django.db import connection, migrations, models\n{top}\n\n\nclass Migration(migrations.Migration):\n{body}\n"
    )
}

#[test]
fn an_edit_says_what_becomes_of_databases_that_ran_the_migration() {
    const PATH: &str = "blog/migrations/0002_next.py";
    let old = migration(FILL, "    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]");
    let said = |new: &str| {
        let found = judged(&Sample::new(&[(PATH, &old)], &[(PATH, new)]), "MIG001");
        (found[0].severity, found[0].consequence.clone())
    };
    let (severity, consequence) = said(&old.replace(", migrations.RunPython.noop", ""));
    assert_eq!(severity, Severity::Warning);
    assert!(consequence.contains("go back over it"), "{consequence}");
    let (severity, consequence) =
        said(&old.replace("    operations", "    dependencies = [('shop', '0002_b')]\n    operations"));
    assert_eq!(severity, Severity::Error);
    assert!(consequence.contains("InconsistentMigrationHistory"), "{consequence}");
}

#[test]
fn what_python_2_called_otherwise_is_advice() {
    let fill = |body: &str| {
        let fill = format!("def fill(apps, schema_editor):\n    {body}\n");
        migration(&fill, "    operations = [migrations.RunPython(fill)]")
    };
    let old = fill("apps.save({unicode(k): xrange(v) for k, v in apps.d.iteritems()})");
    let new = fill("apps.save({str(k): range(v) for k, v in apps.d.items()})");
    assert_eq!(edited(&old, &new)[0].0, Severity::Advice);
    assert_eq!(edited(&old, &new.replace("items", "values"))[0].0, Severity::Error);
}

#[test]
fn a_written_default_is_none_and_pairs_keep_their_parentheses() {
    let create = |more: &str| {
        migration(
            "",
            &format!(
                "    operations = [migrations.CreateModel('T', [('a', models.TextField(choices=[('x', 'X')]))]{more})]"
            ),
        )
    };
    assert_eq!(edited(&create(", bases=(models.Model,)"), &create("")), []);
    let more = create("").replace("('x', 'X')", "('x', 'X'), ('y', 'Y')");
    let said = &edited(&create(""), &more)[0].1;
    assert!(said.contains("from `[('x', 'X')]` to `[('x', 'X'), ('y', 'Y')]`"), "{said}");
}

#[test]
fn a_base_class_that_goes_with_its_package_is_advice_and_a_new_one_is_not() {
    let create = |import: &str, bases: &str| {
        migration(import, &format!("    operations = [migrations.CreateModel('T', []{bases})]"))
    };
    let mixed = create("import dirty.mixins", ", bases=(dirty.mixins.Dirty, models.Model)");
    for bases in [", bases=(models.Model,)", ""] {
        let plain = create("", bases);
        assert_eq!(edited(&mixed, &plain)[0].0, Severity::Advice, "{bases}");
        assert_eq!(edited(&plain, &mixed)[0].0, Severity::Error, "{bases}");
    }
}

#[test]
fn sql_that_only_breaks_its_lines_elsewhere_is_advice() {
    let sql = |text: &str| migration("", &format!("    operations = [migrations.RunSQL({text}, '')]"));
    let old = sql("'UPDATE a SET b = 1; DELETE FROM c'");
    for same in [
        "'''\n  UPDATE a\n  SET b = 1;\n  DELETE FROM c;\n'''",
        "'UPDATE a SET b = 1; -- ones\\nDELETE FROM c'",
    ] {
        let (severity, said) = &edited(&old, &sql(same))[0];
        assert_eq!(*severity, Severity::Advice);
        assert!(
            said.ends_with("changes only blanks and comments of the SQL in operation 1 (`RunSQL`)"),
            "{said}"
        );
    }
    for other in [
        "'UPDATE a SET b = 2; DELETE FROM c'",
        "'UPDATE a SET b = 1; /*!99999 x */ DELETE FROM c'",
        "['UPDATE a SET b = 1; DELETE FROM c']",
    ] {
        assert_eq!(edited(&old, &sql(other))[0].0, Severity::Error, "{other}");
    }
    let spaced = sql("'UPDATE a SET b = \"x  y\"'");
    let value = &edited(&spaced, &sql("'UPDATE a SET b = \"x y\"'"))[0];
    assert_eq!(value.0, Severity::Error, "blanks of a value count");
}

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

const FILL: &str = "def fill(apps, schema_editor):\n    apps.get_model('dojo', 'Test').objects.update(a=1)\n";

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
fn a_migration_that_gets_its_suffix_back_is_new() {
    let run = migration(FILL, "    operations = [migrations.RunPython(fill)]");
    let (old, new) = ("dojo/migrations/0002_fill.py.stop", "dojo/migrations/0002_fill.py");
    let mut sample = Sample::new(&[(old, &run)], &[(new, &run)]);
    sample.renames.insert(new.to_owned(), old.to_owned());
    let found = judged(&sample, "MIG004");
    assert_eq!(found[0].place, Place::Path(new.to_owned()));
}

#[test]
fn an_import_that_nobody_used_may_go() {
    let old = migration(
        "from datetime import datetime, timedelta\n\n\ndef fill(apps, schema_editor):\n    print(timedelta(1), apps)\n    apps.x(timedelta(1))\n",
        "    operations = [migrations.RunPython(fill, fill)]",
    );
    assert_eq!(edited(&old, &old.replace("datetime, timedelta", "timedelta")), []);
}

#[test]
fn a_module_that_moved_is_a_compatibility_edit_however_it_is_imported() {
    let old = migration(
        "import site.blogapp.models",
        "    forward, back = site.blogapp.models.pair('blog')\n    operations = [migrations.AddField('post', 'root', models.ForeignKey('blog.Root', models.SET(site.blogapp.models.f), default=site.blogapp.models.root))]",
    );
    let found = edited(&old, &old.replace("site.blogapp", "site.blog"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, Severity::Advice, "{}", found[0].1);
    assert_eq!(edited(&old, &old.replace("pair('blog')", "pair('shop')"))[0].0, Severity::Error);
}

#[test]
fn another_way_back_is_no_edit_under_a_condition_either() {
    let old = migration(
        "",
        "    operations = []\n    if connection.vendor == 'sqlite':\n        operations.append(migrations.RunSQL('CREATE TABLE a', 'DROP TABLE a'))",
    );
    assert_eq!(edited(&old, &old.replace("DROP TABLE a", "DROP TABLE IF EXISTS a")), []);
    assert_eq!(edited(&old, &old.replace("CREATE TABLE a", "CREATE TABLE b"))[0].0, Severity::Error);
}

#[test]
fn repointing_a_deployed_migration_is_an_edit_unless_a_squash_stands_for_what_it_needed() {
    let dependent =
        |on: &str| migration("", &format!("    dependencies = [('blog', '{on}')]\n    operations = []"));
    let (third, plain) = ("blog/migrations/0003_c.py", migration("", "    operations = []"));
    let renamed = migration("", "    replaces = [('blog', '0002_b')]\n    operations = []");
    let judge = |new: &str| {
        let (before, after) = (dependent("0002_b"), dependent("0002_better"));
        let base = [("blog/migrations/0002_b.py", plain.as_str()), (third, before.as_str())];
        let head = [("blog/migrations/0002_better.py", new), (third, after.as_str())];
        judged(&Sample::new(&base, &head), "MIG001").into_iter().map(|f| f.subject).collect::<Vec<_>>()
    };
    assert_eq!(judge(&plain), ["blog.0003_c"]);
    assert!(judge(&renamed).is_empty());
}

#[test]
fn what_a_kept_squash_replaced_may_go_from_the_dependencies() {
    let squash = |replaces: &str| migration("", &format!("    replaces = [{replaces}]\n    operations = []"));
    let third = |on: &str| migration("", &format!("    dependencies = [{on}]\n    operations = []"));
    let (first, path) = ("blog/migrations/0001_initial.py", "blog/migrations/0003_c.py");
    let judge = |old: &str| {
        let (before, after) =
            (third("('blog', '0001_initial'), ('blog', '0002_b')"), third("('blog', '0001_initial')"));
        let base = [(first, old), (path, before.as_str())];
        let head = [(first, &*squash("")), (path, after.as_str())];
        judged(&Sample::new(&base, &head), "MIG001").into_iter().map(|f| f.subject).collect::<Vec<_>>()
    };
    assert!(judge(&squash("('blog', '0002_b')")).is_empty());
    assert_eq!(judge(&squash("('blog', '0002_a')")), ["blog.0003_c"]);
}

#[test]
fn another_base_class_is_an_edit_and_so_is_what_it_says() {
    let derived = |top: &str, base: &str| {
        migration(top, "    operations = []").replace("(migrations.Migration)", &format!("({base})"))
    };
    let plain = migration("", "    operations = []");
    let other = derived("from blog.migrations import Quiet", "Quiet");
    let [(severity, headline)] = edited(&plain, &other).try_into().unwrap();
    assert_eq!(severity, Severity::Error);
    assert!(headline.ends_with("this edit derives it from `blog.migrations.Quiet`"), "{headline}");
    let quiet = |says: &str| derived(&format!("\n\nclass Quiet(migrations.Migration):\n    {says}"), "Quiet");
    assert_eq!(edited(&quiet("atomic = True"), &quiet("atomic = False"))[0].0, Severity::Error);
    assert_eq!(edited(&other, &other.replace("from blog.", "from shop."))[0].0, Severity::Advice);
    let long = derived("from django.db.migrations.migration import Migration as M", "M");
    assert_eq!(edited(&plain, &long), []);
}

#[test]
fn a_dependency_goes_with_the_app_that_is_removed() {
    let plain = migration("", "    operations = []");
    let post = |on: &str| migration("", &format!("    dependencies = [{on}]\n    operations = []"));
    let (before, after) = (post("('shop', '0001_initial')"), post(""));
    let base =
        [("shop/migrations/0001_initial.py", plain.as_str()), ("blog/migrations/0002_b.py", before.as_str())];
    let found = judged(&Sample::new(&base, &[("blog/migrations/0002_b.py", &after)]), "MIG001");
    assert_eq!(found[0].severity, Severity::Advice);
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
fn another_text_in_a_log_is_advice_beside_the_class_and_in_it() {
    let beside = migration(
        "import logging\nlogger = logging.getLogger(__name__)\n\n\ndef fill(apps, schema_editor):\n    logger.info('succesfully')\n    apps.x()\n",
        "    operations = [migrations.RunPython(fill, fill)]",
    );
    let inside = migration(
        "import logging\nlogger = logging.getLogger(__name__)",
        "    def fill(apps, schema_editor):\n        logger.info('succesfully')\n        apps.x()\n\n    operations = [migrations.RunPython(fill, fill)]",
    );
    for old in [beside, inside] {
        assert_eq!(edited(&old, &old.replace("succesfully", "successfully"))[0].0, Severity::Advice);
        assert_eq!(edited(&old, &old.replace("apps.x()", "apps.y()"))[0].0, Severity::Error);
    }
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
fn what_an_array_holds_is_compared_as_a_field() {
    let array = |choices: &str| {
        let field = format!("ArrayField(base_field=models.TextField(choices={choices}), null=True)");
        migration(
            "from django.contrib.postgres.fields import ArrayField",
            &format!("    operations = [migrations.AddField('post', 'tags', {field})]"),
        )
    };
    let found = edited(&array("[('a', 'A')]"), &array("[('b', 'B')]"));
    assert_eq!(found.iter().map(|(severity, _)| *severity).collect::<Vec<_>>(), [Severity::Warning]);
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
fn a_squash_that_python_2_wrote_is_finished() {
    let first = migration("", "    operations = []");
    let squash = |replaces: &str| {
        migration(
            "",
            &format!("{replaces}    dependencies = [('auth', '0001_initial')]\n    operations = []"),
        )
    };
    let (old, new) = (squash("    replaces = [(b'blog', '0001_initial')]\n"), squash(""));
    let base =
        [("blog/migrations/0001_initial.py", &*first), ("blog/migrations/0001_squashed_0002.py", &*old)];
    let done = Sample::new(&base, &[("blog/migrations/0001_squashed_0002.py", &*new)]);
    assert_eq!((judged(&done, "MIG001"), judged(&done, "MIG002")), (Vec::new(), Vec::new()));
    let respelled = edited(&new.replace("'auth'", "b'auth'"), &new);
    assert_eq!(respelled.iter().map(|(severity, _)| *severity).collect::<Vec<_>>(), [Severity::Advice]);
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
