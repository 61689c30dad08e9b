#!/usr/bin/env python3
"""What django-environ makes of values that hold a `$`: prints tests/data/env_dollars.json."""
import json
import os
import tempfile
from importlib.metadata import version

import environ
from django.core.exceptions import ImproperlyConfigured

VALUES = [
    "$HOME", "$HOME/data", "${HOME}", "${HOME}/data", "$PATH", "$abc", "$OTHER", "$OTHER/x", "$$OTHER", "$$abc", "$", "$5",
    "a$b", "a$", "'$abc'", '"$abc"', "'$OTHER'", '"$HOME"', "\\$abc", '"\\$abc"', "'a$b'", "$USER:$GROUP",
]


def called(value):
    """The value of KEY, or None where settings stop."""
    with tempfile.NamedTemporaryFile("w", suffix=".env") as file:
        file.write(f"OTHER=other\nKEY={value}\n")
        file.flush()
        os.environ.clear()
        os.environ.update(HOME="/home/x", PATH="/bin", USER="x")
        environ.Env.read_env(file.name)
    try:
        return environ.Env()("KEY")
    except ImproperlyConfigured:
        return None


rows = [{"value": value, "django_environ": called(value)} for value in VALUES]
what = (
    f"KEY=value under OTHER=other -> what env('KEY') of django-environ {version('django-environ')} gives, with HOME, "
    "PATH and USER set; null: ImproperlyConfigured"
)
print(json.dumps({"what": what}, ensure_ascii=False)[:-1] + ',\n"rows": [')
print(",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]}")
