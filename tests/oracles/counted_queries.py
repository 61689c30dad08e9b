"""How many queries Django runs for what the rules QRY001 to QRY004 speak of: writes tests/data/counted_queries.json.

See README.md for how to run it.
"""

import json
import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings

MODELS = """
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=9)


class Tag(models.Model):
    name = models.CharField(max_length=9)


class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="posts")
    editor = models.ForeignKey(Author, models.CASCADE, null=True, related_name="edited")
    tags = models.ManyToManyField(Tag)
"""

home = Path(tempfile.mkdtemp())
(home / "blog").mkdir()
(home / "blog" / "__init__.py").touch()
(home / "blog" / "models.py").write_text(MODELS)
sys.path.insert(0, str(home))
settings.configure(
    INSTALLED_APPS=["blog"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from blog.models import Author, Post, Tag  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Prefetch, prefetch_related_objects  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

with connection.schema_editor() as editor:
    for model in (Author, Tag, Post):
        editor.create_model(model)
for number in range(3):
    author = Author.objects.create(name=str(number))
    post = Post.objects.create(author=author, editor=author)
    post.tags.add(Tag.objects.create(name="a"), Tag.objects.create(name="b"))

# Each runs over three posts of three authors with two tags each. `P`: Post.objects.
CASES = [
    ("for p in P.all(): p.author.name", 4),
    ("for p in P.all(): p.author_id", 1),
    ("for p in P.all(): p.author.pk", 4),
    ("for p in P.select_related('author'): p.author.name", 1),
    ("for p in P.prefetch_related('author'): p.author.name", 2),
    ("for p in P.select_related(): p.author.name", 1),
    ("for p in P.select_related(): p.editor.name", 4),
    ("for p in P.select_related('author'): p.editor.name", 4),
    ("for p in P.all(): list(p.tags.all())", 4),
    ("for p in P.prefetch_related('tags'): list(p.tags.all())", 2),
    ("for p in P.prefetch_related('tags'): p.tags.count()", 2),
    ("for p in P.prefetch_related('tags'): p.tags.exists()", 2),
    ("for p in P.prefetch_related('tags'): p.tags.all()[0]", 2),
    ("for p in P.prefetch_related('tags'): p.tags.first()", 5),
    ("for p in P.prefetch_related('tags'): p.tags.all().first()", 5),
    ("for p in P.prefetch_related('tags'): list(p.tags.filter(name='a'))", 5),
    ("for p in P.prefetch_related('tags'): list(p.tags.order_by('name'))", 5),
    ("for p in P.prefetch_related('tags'): list(p.tags.all().order_by('name'))", 5),
    ("for p in P.prefetch_related('tags'): list(p.tags.values_list('name'))", 5),
    ("for p in P.prefetch_related('tags'): list(p.tags.all().iterator())", 5),
    ("for p in P.prefetch_related(Prefetch('tags', queryset=Tag.objects.order_by('name'))): list(p.tags.all())", 2),
    ("for p in P.all(): prefetch_related_objects([p], 'tags'); list(p.tags.all())", 4),
    ("for a in Author.objects.all():\n for p in a.posts.all(): p.author.name", 4),
    ("for a in Author.objects.prefetch_related('posts'):\n for p in a.posts.all(): p.author.name", 2),
    ("qs = P.all()\nif qs:\n for p in qs: p.pk", 1),
    ("qs = P.all()\nif qs.exists():\n for p in qs: p.pk", 2),
    ("for p in P.all(): Author.objects.get(pk=p.author_id)", 4),
    ("authors = Author.objects.in_bulk([p.author_id for p in P.all()])", 2),
    ("for n in range(3):\n for p in P.filter(pk=n): p.pk", 3),
    ("qs = P.filter(pk=1)\nfor n in range(3):\n for p in qs: p.pk", 1),
    ("for p in P.all(): p.refresh_from_db()", 4),
    ("for p in P.all(): p.save()", 4),
]

names = {"P": Post.objects, "Author": Author, "Tag": Tag, "Prefetch": Prefetch, "prefetch_related_objects": prefetch_related_objects}
table = []
for code, expected in CASES:
    with CaptureQueriesContext(connection) as queries:
        exec(code, dict(names))
    if len(queries) != expected:
        print(f"{code!r}: {len(queries)} and not {expected}")
    table.append({"code": code, "queries": len(queries)})
target = Path(__file__).parent.parent / "data" / "counted_queries.json"
target.write_text(json.dumps({"django": django.__version__, "cases": table}, indent=1) + "\n")
