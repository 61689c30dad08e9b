#!/usr/bin/env python3
"""What `makemigrations --check` says of edited models: writes ../data/model_drift.json.

Each case edits the models below. The migrations that the edit meets are written by Django itself, and what stands under
"django" are the operations that it would write then. See README.md for how to run it.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "model_drift.json"

MODELS = '''\
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LENGTH = 50


def upload(instance, name):
    return name


def first():
    return 1


class Base(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-created_at"]


class Author(models.Model):
    name = models.CharField(max_length=50)
    email = models.EmailField()
    born = models.DateField("born on", null=True)

    class Meta:
        verbose_name = "author"


class Tag(models.Model):
    name = models.CharField(max_length=50)


class Post(Base):
    class State(models.TextChoices):
        DRAFT = "d", "Draft"
        SHOWN = "s", _("Shown")
        NOT_SHOWN = "n"

    title = models.CharField(_("title"), max_length=LENGTH, db_index=True)
    slug = models.SlugField(unique=True)
    body = models.TextField(blank=True, default="")
    state = models.CharField(max_length=1, choices=State.choices, default=State.DRAFT)
    rank = models.IntegerField(default=first, validators=[MinValueValidator(0)])
    kind = models.CharField(max_length=1, choices=(("a", "A"), ("b", "B")), default="a")
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="posts")
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    price = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    file = models.FileField(upload_to=upload, blank=True)
    tags = models.ManyToManyField("Tag", blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True)
    data = models.JSONField(default=dict)
    seen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(Base.Meta):
        unique_together = [("author", "title")]
        indexes = [models.Index(fields=["state"], name="post_state")]
        constraints = [models.UniqueConstraint(fields=["author", "slug"], name="post_author_slug")]


class Old(models.Model):
    name = models.CharField(max_length=9)

    class Meta:
        managed = False


class Child(Post):
    extra = models.IntegerField(null=True)
'''

CASES = [
    ("nothing", []),
    ("longer", [("max_length=LENGTH", "max_length=80")]),
    ("constant", [("LENGTH = 50", "LENGTH = 60")]),
    ("constant by value", [("max_length=LENGTH", "max_length=50")]),
    ("field added", [("    price =", "    cost = models.IntegerField(null=True)\n    price =")]),
    ("field removed", [("    data = models.JSONField(default=dict)\n", "")]),
    ("field renamed", [("    data = ", "    facts = ")]),
    ("fields in another order", [
        ("    data = models.JSONField(default=dict)\n", ""),
        ("    title = models", "    data = models.JSONField(default=dict)\n    title = models"),
    ]),
    ("another class", [("slug = models.SlugField(unique=True)", "slug = models.CharField(max_length=50, unique=True)")]),
    ("null", [("models.CASCADE, null=True)", "models.CASCADE)")]),
    ("null said", [("max_length=LENGTH", "max_length=LENGTH, null=False")]),
    ("blank", [("email = models.EmailField()", "email = models.EmailField(blank=True)")]),
    ("default length said", [("models.EmailField()", "models.EmailField(max_length=254)")]),
    ("index", [("db_index=True", "db_index=False")]),
    ("index of a slug said", [("SlugField(unique=True)", "SlugField(unique=True, db_index=True)")]),
    ("index of a key", [("null=True, blank=True)", "null=True, blank=True, db_index=False)")]),
    ("unique", [("SlugField(unique=True)", "SlugField()")]),
    ("digits", [("max_digits=5", "max_digits=6")]),
    ("default", [("decimal_places=2, default=0", "decimal_places=2, default=1")]),
    ("default by name", [("default=State.DRAFT", 'default="d"')]),
    ("another default by name", [("default=State.DRAFT", "default=State.SHOWN")]),
    ("callable", [("default=dict", "default=list")]),
    ("a callable's body", [("    return 1", "    return 2")]),
    ("another callable", [("default=timezone.now", "default=first")]),
    ("choice added", [('        NOT_SHOWN = "n"\n', '        NOT_SHOWN = "n"\n        GONE = "g"\n')]),
    ("choice's label", [('DRAFT = "d", "Draft"', 'DRAFT = "d", "A draft"')]),
    ("choices as pairs", [("choices=State.choices", 'choices=[("d", "Draft"), ("s", "Shown"), ("n", "Not Shown")]')]),
    ("choices as the class", [("choices=State.choices", "choices=State")]),
    ("choices as a list", [('(("a", "A"), ("b", "B"))', '[["a", "A"], ["b", "B"]]')]),
    ("choices as a mapping", [('(("a", "A"), ("b", "B"))', '{"a": "A", "b": "B"}')]),
    ("choices in another order", [('(("a", "A"), ("b", "B"))', '(("b", "B"), ("a", "A"))')]),
    ("no choices", [('choices=(("a", "A"), ("b", "B")), ', "")]),
    ("relation's target", [("ForeignKey(Author,", "ForeignKey(Tag,")]),
    ("target as text", [("ForeignKey(Author,", 'ForeignKey("Author",')]),
    ("target as text with its app", [("ForeignKey(Author,", 'ForeignKey("blog.Author",')]),
    ("self by its name", [('ForeignKey("self",', 'ForeignKey("Post",')]),
    ("user as text", [("settings.AUTH_USER_MODEL", '"auth.User"')]),
    ("on_delete", [("models.SET_NULL, null", "models.CASCADE, null")]),
    ("on_delete as keyword", [('"self", models.CASCADE', '"self", on_delete=models.CASCADE')]),
    ("related_name", [('related_name="posts"', 'related_name="texts"')]),
    ("no related_name", [(', related_name="posts"', "")]),
    ("help text", [("max_length=LENGTH", 'max_length=LENGTH, help_text="x"')]),
    ("verbose name", [('_("title")', '_("the title")')]),
    ("verbose name untranslated", [('_("title")', '"title"')]),
    ("verbose name as keyword", [('_("title"), max_length=LENGTH', 'max_length=LENGTH, verbose_name=_("title")')]),
    ("date's verbose name", [('"born on"', '"birthday"')]),
    ("editable", [("editable=False", "editable=True")]),
    ("auto_now_add with editable", [("auto_now_add=True", "auto_now_add=True, editable=False")]),
    ("auto_now", [("auto_now_add=True", "auto_now=True")]),
    ("validator", [("MinValueValidator(0)", "MinValueValidator(1)")]),
    ("upload_to", [("upload_to=upload", 'upload_to="files/"')]),
    ("db_column", [("max_length=LENGTH", 'max_length=LENGTH, db_column="heading"')]),
    ("comment", [("max_length=LENGTH", 'max_length=LENGTH, db_comment="x"')]),
    ("ordering", [('ordering = ["-created_at"]', 'ordering = ["created_at"]')]),
    ("ordering as a tuple", [('ordering = ["-created_at"]', 'ordering = ("-created_at",)')]),
    ("ordering gone", [("class Meta(Base.Meta):", "class Meta:")]),
    ("verbose name of a model", [('verbose_name = "author"', 'verbose_name = "writer"')]),
    ("permissions", [('verbose_name = "author"', 'verbose_name = "author"\n        permissions = [("a", "A")]')]),
    ("db_table", [('verbose_name = "author"', 'verbose_name = "author"\n        db_table = "people"')]),
    ("unique_together", [('[("author", "title")]', '[("author", "slug")]')]),
    ("unique_together as one tuple", [('[("author", "title")]', '("author", "title")')]),
    ("unique_together as a set", [('[("author", "title")]', '{("author", "title")}')]),
    ("unique_together gone", [('        unique_together = [("author", "title")]\n', "")]),
    ("index added", [('name="post_state")', 'name="post_state"), models.Index(fields=["rank"], name="post_rank")')]),
    ("index removed", [('models.Index(fields=["state"], name="post_state")', "")]),
    ("index without a name", [('models.Index(fields=["state"], name="post_state")', 'models.Index(fields=["state"])')]),
    ("constraint removed", [('        constraints = [models.UniqueConstraint(fields=["author", "slug"], name="post_author_slug")]\n', "")]),
    ("constraint renamed", [('"post_author_slug"', '"post_once"')]),
    ("field of the base", [("    class Meta:\n        abstract", "    updated_at = models.DateTimeField(auto_now=True)\n\n    class Meta:\n        abstract")]),
    ("inherited field taken away", [('    title = models', "    created_at = None\n    title = models")]),
    ("inherited field overridden", [('    title = models', "    created_at = models.DateTimeField()\n    title = models")]),
    ("model added", [("class Child", "class New(models.Model):\n    name = models.TextField()\n\n\nclass Child")]),
    ("proxy added", [("class Child", "class Seen(Post):\n    class Meta:\n        proxy = True\n\n\nclass Child")]),
    ("unmanaged added", [("class Child", "class View(models.Model):\n    class Meta:\n        managed = False\n\n\nclass Child")]),
    ("abstract added", [("class Child", "class Mixin(models.Model):\n    x = models.IntegerField()\n\n    class Meta:\n        abstract = True\n\n\nclass Child")]),
    ("plain mixin", [("class Child(Post)", "class Helps:\n    def help(self):\n        return 1\n\n\nclass Child(Helps, Post)")]),
    ("model removed", [("class Child(Post):\n    extra = models.IntegerField(null=True)\n", "")]),
    ("model renamed", [("class Child", "class Kid")]),
    ("field of an unmanaged model", [("max_length=9", "max_length=10")]),
    ("method", [("class Child(Post):", "class Child(Post):\n    def show(self):\n        return 1\n")]),
    ("child's field", [("extra = models.IntegerField(null=True)", "extra = models.BigIntegerField(null=True)")]),
    ("many to many without blank", [('("Tag", blank=True)', '("Tag")')]),
    ("many to many to another", [('ManyToManyField("Tag"', 'ManyToManyField("Author"')]),
    ("positional null", [("IntegerField(null=True)", "IntegerField(None, None, False, None, False, False, True)")]),
]

RUN = '''
import sys, json
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "blog"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    SILENCED_SYSTEM_CHECKS=["fields.E300"],
)
django.setup()
from django.core.management import call_command
if sys.argv[1] == "make":
    call_command("makemigrations", "blog", verbosity=0, interactive=False)
else:
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.migrations.state import ProjectState
    loader = MigrationLoader(None)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps), MigrationQuestioner(specified_apps={"blog"})
    )
    changes = detector.changes(graph=loader.graph, trim_to_apps={"blog"}, convert_apps={"blog"})
    print(json.dumps([op.describe() for m in changes.get("blog", []) for op in m.operations]))
'''


def run(folder, what):
    done = subprocess.run([sys.executable, "-c", RUN, what], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main():
    with tempfile.TemporaryDirectory() as folder:
        app = pathlib.Path(folder) / "blog"
        app.mkdir()
        (app / "__init__.py").write_text("")
        (app / "models.py").write_text(MODELS)
        run(folder, "make")
        migration = (app / "migrations" / "0001_initial.py").read_text()
        cases = []
        for name, edits in CASES:
            models = MODELS
            for old, new in edits:
                assert old in models, (name, old)
                models = models.replace(old, new, 1)
            (app / "models.py").write_text(models)
            cases.append({"name": name, "edits": edits, "django": json.loads(run(folder, "tell"))})
            print(name, cases[-1]["django"], flush=True)
    table = {"models": MODELS, "migration": "\n".join(migration.splitlines()[1:]) + "\n", "cases": cases}
    OUT.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")


main()
