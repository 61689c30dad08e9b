#!/usr/bin/env python3
"""What the Python readers make of lines of env files: prints tests/data/dotenv_more_lines.json anew, from its own lines."""
import json
import logging
import os
import pathlib
import tempfile
from importlib.metadata import version

import decouple
import dotenv
import environ

TABLE = pathlib.Path(__file__).resolve().parent.parent / "data" / "dotenv_more_lines.json"
READERS = {"django-environ": "django_environ", "python-dotenv": "python_dotenv", "python-decouple": "python_decouple"}
logging.disable(logging.CRITICAL)


def with_file(text, read):
    with tempfile.NamedTemporaryFile("wb", suffix=".env") as file:
        file.write(text.encode())
        file.flush()
        return read(file.name)


def django_environ(name):
    os.environ.pop("KEY", None)
    environ.Env.read_env(name)
    return os.environ.pop("KEY", None)


def python_dotenv(name):
    return dotenv.dotenv_values(name).get("KEY")


def python_decouple(name):
    return decouple.RepositoryEnv(name).data.get("KEY")


rows = json.loads(TABLE.read_text())["rows"]
os.environ.clear()
seen = ", ".join(f"{reader} {version(reader)}" for reader in READERS)
what = f"one .env line -> the value of KEY as each reader sees it, computed with {seen}; null: it does not see KEY"
readers = [django_environ, python_dotenv, python_decouple]
lines = [{"bytes": row["bytes"]} | {r.__name__: with_file(row["bytes"], r) for r in readers} for row in rows]
print(json.dumps({"what": what}, ensure_ascii=False)[:-1] + ",\n" + '"rows": [')
print(",\n".join(json.dumps(line) for line in lines) + "\n]}")
