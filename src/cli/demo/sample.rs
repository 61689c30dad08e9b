//! A small Django project and a pull request with one of each of the four named faults.

/// Owner and name on the stand-in forge.
pub(super) const REPOSITORY: &str = "grace/grove";
pub(super) const BRANCH: &str = "wider-names";
pub(super) const TITLE: &str = "Wider names, filled slugs, and a worker";

const INITIAL: &str = r#"from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Tree",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40)),
                ("slug", models.SlugField(blank=True)),
            ],
        ),
    ]
"#;

const EDITED: &str = r#"from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Tree",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("slug", models.SlugField(blank=True)),
            ],
        ),
    ]
"#;

const FILL: &str = r#"from django.db import migrations
from django.utils.text import slugify


def fill_slugs(apps, schema_editor):
    Tree = apps.get_model("trees", "Tree")
    for tree in Tree.objects.filter(slug=""):
        tree.slug = slugify(tree.name)
        tree.save(update_fields=["slug"])


class Migration(migrations.Migration):
    dependencies = [("trees", "0001_initial")]
    operations = [
        migrations.RunPython(fill_slugs),
    ]
"#;

const SETTINGS: &str = r#"import environ

env = environ.Env()

SECRET_KEY = env("SECRET_KEY")
DEBUG = env.bool("DEBUG", default=False)
INSTALLED_APPS = ["django.contrib.contenttypes", "trees"]
"#;

const SETTINGS_WITH_BROKER: &str = r#"import environ

env = environ.Env()

SECRET_KEY = env("SECRET_KEY")
DEBUG = env.bool("DEBUG", default=False)
INSTALLED_APPS = ["django.contrib.contenttypes", "trees"]

CELERY_BROKER_URL = "amqp://grove:change#me@rabbit:5672/grove"
"#;

const MANAGE: &str = r#"import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"#;

/// What stands on `main`.
pub(super) const BASE: &[(&str, &str)] = &[
    (".gitignore", "__pycache__/\n"),
    ("manage.py", MANAGE),
    ("config/__init__.py", ""),
    ("config/settings.py", SETTINGS),
    ("trees/__init__.py", ""),
    ("trees/migrations/__init__.py", ""),
    ("trees/migrations/0001_initial.py", INITIAL),
];

/// What the pull request changes.
pub(super) const CHANGES: &[(&str, Option<&str>)] = &[
    ("trees/migrations/0001_initial.py", Some(EDITED)),
    ("trees/migrations/0002_fill_slugs.py", Some(FILL)),
    ("config/settings.py", Some(SETTINGS_WITH_BROKER)),
    (".env", Some("DEBUG=False\nSECRET_KEY=k3-Qw9!vZ7pL2_xT8rB4nM6\n")),
];
