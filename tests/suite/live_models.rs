//! What MIG014 says of the models that a data migration uses.

use red_panda::model::finding::{Edit, Finding, Severity};
use red_panda::standin::sample::Sample;

const PATH: &str = "blog/migrations/0002_fill_names.py";
const MODELS: &str = "from django.db import models\n\n\nclass Post(models.Model):\n    name = models.CharField(max_length=5)\n";

/// A migration that runs `fill`, with these lines before its class.
fn migration(before: &str) -> String {
    format!(
        "from django.db import migrations\n{before}\n\nclass Migration(migrations.Migration):\n    \
         dependencies = [('blog', '0001_initial')]\n    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]\n"
    )
}

/// What MIG014 says of the migration beside these files.
fn found(migration: &str, beside: &[(&str, &str)]) -> Vec<Finding> {
    let base = [&[("blog/__init__.py", ""), ("blog/models.py", MODELS)], beside].concat();
    let head = [&base[..], &[(PATH, migration)]].concat();
    let findings = Sample::new(&base, &head).judge().findings.into_iter().map(|report| report.finding);
    findings.filter(|finding| finding.code == "MIG014").collect()
}

fn fill(before: &str, body: &str) -> String {
    migration(&format!("{before}\n\ndef fill(apps, schema_editor):\n    {body}\n"))
}

fn applied(text: &str, edit: &Edit) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = |line: u32, column: u32| {
        lines[..line as usize - 1].iter().map(|line| line.len()).sum::<usize>() + column as usize - 1
    };
    let (start, end) = (edit.span.start, edit.span.end);
    let (start, end) = (at(start.line, start.column), at(end.line, end.column));
    [&text[..start], &edit.replacement, &text[end..]].concat()
}

#[test]
fn the_user_model_is_called_what_it_is() {
    let fill = "from django.contrib.auth import get_user_model\nfrom django.db import migrations\n\n\n\
                def fill(apps, schema_editor):\n    get_user_model().objects.first()\n\n\n\
                class Migration(migrations.Migration):\n    operations = [migrations.RunPython(fill, fill)]\n";
    let findings = Sample::new(&[], &[("blog/migrations/0001_fill_names.py", fill)]).judge().findings;
    let found = findings.iter().find(|r| r.finding.code == "MIG014").unwrap();
    assert_eq!(found.finding.headline, "`fill()` in `blog.0001_fill_names` uses the live user model");
    assert!(found.finding.consequence.starts_with("Once it has a column"));
}

#[test]
fn the_global_registry_gives_live_models_by_every_name_it_has() {
    for (import, taken) in [
        (
            "from django.apps import apps as registry",
            "registry.get_model('blog', 'Post').objects.update(name='x')",
        ),
        (
            "from django.apps import apps as registry",
            "registry.get_model('blog.Post').objects.update(name='x')",
        ),
        (
            "from django.apps import apps as registry",
            "Post = registry.get_model('blog', 'Post')\n    Post.objects.first()",
        ),
        (
            "from django.apps import apps as registry",
            "registry.get_app_config('blog').get_model('Post')(name='x').save()",
        ),
        (
            "from django.apps.registry import apps as registry",
            "registry.get_registered_model('blog', 'Post').objects.all()",
        ),
        ("import django.apps", "django.apps.apps.get_model('blog', 'Post').objects.all()"),
        ("from django.db.models.loading import get_model", "get_model('blog', 'Post').objects.all()"),
        (
            "from django.apps import apps as registry\nPost = registry.get_model('blog', 'Post')",
            "Post.objects.all()",
        ),
        ("", "from django.apps import apps\n    apps.get_model('blog', 'Post').objects.all()"),
    ] {
        let found = found(&fill(import, taken), &[]);
        let said: Vec<&str> = found.iter().map(|finding| finding.headline.as_str()).collect();
        assert_eq!(
            said,
            ["`fill()` in `blog.0002_fill_names` uses the live model `Post`"],
            "{import}: {taken}"
        );
    }
}

#[test]
fn the_argument_hides_the_global_registry() {
    for (import, taken) in [
        ("from django.apps import apps", "apps.get_model('blog', 'Post').objects.update(name='x')"),
        ("from django.apps import apps", "Post = apps.get_model('blog', 'Post')\n    Post.objects.first()"),
        (
            "from django.apps import apps",
            "get_model = apps.get_model\n    get_model('blog', 'Post').objects.all()",
        ),
        ("from django.apps import apps as registry", "registry.get_models()"),
        ("from django.apps import apps as registry", "registry.is_installed('blog')"),
    ] {
        assert_eq!(found(&fill(import, taken), &[]), [], "{import}: {taken}");
    }
}

#[test]
fn a_function_of_another_module_is_told_where_it_is_brought_in() {
    let helper = "from blog.models import Post\n\n\ndef fill(apps, schema_editor):\n    _touch()\n\n\n\
                  def _touch():\n    Post.objects.update(name='x')\n";
    for import in ["from blog.helpers import fill", "from blog import helpers\nfill = helpers.fill"] {
        let found = found(&migration(import), &[("blog/helpers.py", helper)]);
        let said: Vec<_> = found.iter().map(|f| (f.headline.as_str(), f.severity, f.place.path())).collect();
        let headline =
            "`_touch()` in `blog/helpers.py`, which `blog.0002_fill_names` runs, uses the live model `Post`";
        assert_eq!(said, [(headline, Severity::Error, Some(PATH))]);
        assert_eq!(found[0].fix.as_ref().unwrap().edits, []);
    }
    let historical = helper.replace("Post.objects", "apps.get_model('blog', 'Post').objects");
    let historical = historical.replace("_touch()", "_touch(apps)");
    assert_eq!(found(&migration("from blog.helpers import fill"), &[("blog/helpers.py", &historical)]), []);
}

#[test]
fn a_service_that_a_migration_calls_is_advice_and_its_own_helper_is_not() {
    let touch = "from blog.models import Post\n\n\ndef touch():\n    Post.objects.update(name='x')\n";
    for (module, severity) in
        [("blog.services", Severity::Advice), ("blog.migrations._touch", Severity::Error)]
    {
        let path = format!("{}.py", module.replace('.', "/"));
        let found = found(&fill(&format!("from {module} import touch"), "touch()"), &[(&path, touch)]);
        assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [severity], "{module}");
    }
}

#[test]
fn an_edit_that_is_offered_leaves_no_live_model() {
    for (import, body, line) in [
        (
            "from blog.models import Post",
            "Post.objects.first()",
            "    Post = apps.get_model(\"blog\", \"Post\")\n",
        ),
        (
            "",
            "x = 1\n    from blog.models import Post\n    Post(name=x)",
            "    Post = apps.get_model(\"blog\", \"Post\")\n",
        ),
        (
            "from django.apps import apps as registry",
            "registry.get_model('blog', 'Post').objects.first()",
            "    apps.get_model('blog', 'Post')",
        ),
    ] {
        let text = fill(import, body);
        let fix = found(&text, &[])[0].fix.clone().unwrap();
        let mended = applied(&text, &fix.edits[0]);
        assert!(mended.contains(line), "{mended}");
        assert_eq!(found(&mended, &[]), [], "{mended}");
    }
}

#[test]
fn a_fix_sets_no_attribute_of_a_module_and_asks_no_other_argument() {
    let text = |body: &str| {
        let fix = found(body, &[])[0].fix.clone().unwrap();
        assert_eq!(fix.edits, [], "{body}");
        fix.text
    };
    let dotted = text(&fill("from blog import models", "models.Post.objects.first()"));
    assert!(dotted.starts_with(
        "Begin the function with `Post = apps.get_model(\"blog\", \"Post\")` and use `Post` in place of `models.Post`;"
    ));
    let touch = "from blog.models import Post\n\n\ndef touch(name):\n    Post(name=name)\n";
    let called = text(&fill(touch, "touch('x')"));
    assert!(called.starts_with("Begin the function with `Post = apps.get_model"), "{called}");
}

#[test]
fn what_a_function_of_another_module_uses_is_told_once() {
    let helper = "from django.contrib.auth.models import Group\n\nfrom blog.models import Post\n\n\n\
                  def fill(apps, schema_editor):\n    Post.objects.all()\n    Group.objects.all()\n    more()\n\n\n\
                  def more():\n    Post.objects.update(name='x')\n";
    let found = found(
        &migration("from blog.migrations.helpers import fill\n"),
        &[("blog/migrations/helpers.py", helper)],
    );
    let [only] = &found[..] else { unreachable!("{found:?}") };
    assert!(only.headline.ends_with("uses the live model `Post` and 2 more"), "{}", only.headline);
}
