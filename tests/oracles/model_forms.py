#!/usr/bin/env python3
"""What Django makes of forms of models: writes ../data/model_forms.json.

Every case is a models.py and forms; what stands under "django" is the fields of each form, or the error that it raises, and
never written by hand. See README.md for how to run it.
"""
import importlib
import json
import pathlib
import sys
import tempfile

import django
from django.conf import settings

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "model_forms.json"

IMPORTS = "import uuid\n\nfrom django.db import models\n"
FORMS = "from django import forms\n\nfrom . import models\n"


def form(name, *lines, bases="forms.ModelForm", meta=""):
    body = "\n".join(f"        {line}" for line in lines)
    return f"class {name}({bases}):\n    class Meta{meta}:\n{body}\n"


def everything(*models):
    return {
        f"{model}{kind}": form(f"{model}{kind}", f"model = models.{model}", option)
        for model in models
        for kind, option in [("All", 'fields = "__all__"'), ("But", 'exclude = ["title"]'), ("Open", "exclude = []")]
    }


CASES = {
    "kinds of fields": (
        """
class Person(models.Model):
    title = models.CharField(max_length=9)


class Post(models.Model):
    code = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=80)
    fixed = models.CharField(max_length=80, editable=False)
    author = models.ForeignKey(Person, on_delete=models.CASCADE)
    readers = models.ManyToManyField(Person, related_name="read")
    raw = models.BinaryField()
    shown = models.BinaryField(editable=True)
    made = models.DateTimeField(auto_now_add=True)
    seen = models.DateTimeField("seen", None, True)
    day = models.DateField()
    data = models.JSONField(default=dict)
    photo = models.FileField(upload_to="photos")
    long = models.GeneratedField(
        expression=models.F("title"), output_field=models.CharField(max_length=80), db_persist=True
    )
    objects = models.Manager()
    LIMIT = 3


class Counted(models.Model):
    number = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=9)
""",
        everything("Person", "Post", "Counted"),
    ),
    "abstract bases": (
        """
class Dated(models.Model):
    at = models.DateTimeField()
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Titled(models.Model):
    title = models.CharField(max_length=9)
    note = models.TextField()

    class Meta:
        abstract = True


class Post(Dated, Titled):
    body = models.TextField()


class Other(Titled, Dated):
    body = models.TextField()


class Without(Titled):
    note = None
    body = models.TextField()


class Hidden(Titled):
    body = models.TextField()

    @property
    def note(self):
        return ""


class Again(Titled):
    body = models.TextField()
    title = models.TextField()
""",
        everything("Post", "Other", "Without", "Hidden", "Again"),
    ),
    "tables in tables": (
        """
class Place(models.Model):
    title = models.CharField(max_length=9)


class Bar(Place):
    beers = models.IntegerField()


class Linked(Place):
    place = models.OneToOneField(Place, on_delete=models.CASCADE, parent_link=True, related_name="+")
    stars = models.IntegerField()


class Like(Place):
    class Meta:
        proxy = True
""",
        everything("Place", "Bar", "Linked", "Like"),
    ),
    "own field classes": (
        """
class ShortField(models.CharField):
    description = "short"


class QuietField(models.CharField):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"editable": False, **kwargs})


def made():
    return models.CharField(max_length=9)


class Post(models.Model):
    title = ShortField(max_length=9)
    body = models.TextField()


class Quiet(models.Model):
    title = models.CharField(max_length=9)
    body = QuietField(max_length=9)


class Made(models.Model):
    title = models.CharField(max_length=9)
    body = made()
""",
        everything("Post", "Quiet", "Made"),
    ),
    "who gives the list": (
        """
class Post(models.Model):
    title = models.CharField(max_length=9)
    body = models.TextField()
""",
        {
            "NoList": form("NoList", "model = models.Post"),
            "NoneList": form("NoneList", "model = models.Post", "fields = None"),
            "NoModel": form("NoModel", 'fields = ["title"]'),
            "NamedAll": form("NamedAll", "model = models.Post", 'fields = ["__all__"]'),
            "Listed": form("Listed", "model = models.Post", 'fields = ["title"]'),
            "Both": form("Both", "model = models.Post", 'fields = "__all__"', 'exclude = ["body"]'),
            "Constant": form("Constant", "model = models.Post", "fields = forms.ALL_FIELDS"),
            "Child": form("Child", 'labels = {"title": "T"}', bases="Listed", meta="(Listed.Meta)"),
            "Adopted": form("Adopted", "model = models.Post", meta="(NoModel.Meta)"),
            "Orphan": form("Orphan", "model = models.Post", bases="Listed"),
            "Plain": "class PlainMeta:\n    fields = [\"body\"]\n\n\n"
            + form("Plain", "model = models.Post", meta="(PlainMeta)"),
            "Heir": "class Heir(Listed):\n    pass\n",
            "Factory": "Factory = forms.modelform_factory(models.Post)\n",
            "FactoryAll": 'FactoryAll = forms.modelform_factory(models.Post, fields="__all__")\n',
            "FactoryForm": "FactoryForm = forms.modelform_factory(models.Post, form=NoModel)\n",
            "FactoryBut": 'FactoryBut = forms.modelform_factory(models.Post, exclude=["title"])\n',
        },
    ),
}


def fields(module, name, source):
    """The model's fields in the form, or the error."""
    try:
        exec(source, module.__dict__)
        return list(module.__dict__[name].base_fields)
    except Exception as error:
        return type(error).__name__


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    sys.path.insert(0, str(folder))
    apps = [f"case{number}" for number in range(len(CASES))]
    for app, (models, _) in zip(apps, CASES.values()):
        (folder / app).mkdir()
        (folder / app / "__init__.py").write_text("")
        (folder / app / "models.py").write_text(IMPORTS + models)
        (folder / app / "forms.py").write_text(FORMS)
    settings.configure(INSTALLED_APPS=apps, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True)
    django.setup()
    table = []
    for app, (title, (models, forms)) in zip(apps, CASES.items()):
        module = importlib.import_module(f"{app}.forms")
        answers = {name: fields(module, name, source) for name, source in forms.items()}
        text = FORMS + "".join(f"\n\n{source}" for source in forms.values())
        table.append({"case": title, "models": IMPORTS + models, "forms": text, "django": answers})
    OUT.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(table)} cases, {sum(len(case['django']) for case in table)} forms, Django {django.__version__}")


main()
