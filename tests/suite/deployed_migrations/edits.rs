//! MIG001: what an edit of a deployed migration is taken for.

use red_panda::model::finding::Severity;
use red_panda::standin::sample::Sample;

use super::{FILL, edited, judged, migration};

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
