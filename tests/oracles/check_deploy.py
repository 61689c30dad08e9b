#!/usr/bin/env python3
"""What `manage.py check --deploy` says of DEBUG and CSRF in small settings: prints tests/data/check_deploy.json."""
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version

OS, ENVIRON, DECOUPLE = "import os", "import environ\nenv = environ.Env()", "from decouple import config"
SESSIONS = '"django.contrib.sessions.middleware.SessionMiddleware"'
CSRF = '"django.middleware.csrf.CsrfViewMiddleware"'
ALL = f"MIDDLEWARE = [{SESSIONS}, {CSRF}]"
# Settings, and what the environment holds: where it holds DEBUG=False the fault is that this is true.
CASES = [
    *[(f"{head}\nDEBUG = {debug}\n{ALL}", environment) for head, debug in [
        ("", "True"),
        ("", "False"),
        (OS, 'os.environ.get("DEBUG")'),
        (OS, 'os.getenv("DEBUG", False)'),
        (OS, 'bool(os.environ.get("DEBUG"))'),
        (OS, 'os.environ.get("DEBUG", "False")'),
        (OS, 'os.environ.get("DEBUG", "True") == "True"'),
        (OS, 'os.environ.get("DEBUG", "False") == "True"'),
        (OS, 'os.environ.get("DEBUG", "1") == "1"'),
        (OS, 'os.environ.get("DEBUG", "true").lower() in ("true", "1", "yes")'),
        (OS, 'os.environ.get("DEBUG") == "True"'),
        (OS, 'os.environ.get("DEBUG", "True") != "False"'),
        (OS, 'not os.environ.get("PRODUCTION")'),
        (ENVIRON, 'env("DEBUG", default=True)'),
        (ENVIRON, 'env("DEBUG", default=False)'),
        (ENVIRON, 'env("DEBUG", default="False")'),
        (ENVIRON, 'env.bool("DEBUG", default=True)'),
        (ENVIRON, 'env.bool("DEBUG", True)'),
        (ENVIRON, 'env.bool("DEBUG", default=False)'),
        ("import environ\nenv = environ.Env(DEBUG=(bool, True))", 'env("DEBUG")'),
        ("import environ\nenv = environ.Env(DEBUG=(bool, False))", 'env("DEBUG")'),
        (DECOUPLE, 'config("DEBUG", default=True, cast=bool)'),
        (DECOUPLE, 'config("DEBUG", default="on", cast=bool)'),
        (DECOUPLE, 'config("DEBUG", default=False, cast=bool)'),
        (DECOUPLE, 'config("DEBUG", default=False)'),
    ] for environment in ({}, {"DEBUG": "False"})],
    *[(f"DEBUG = False\n{middleware}", {}) for middleware in [
        ALL,
        f"MIDDLEWARE = [{SESSIONS}]",
        f"MIDDLEWARE = [{SESSIONS}]\nMIDDLEWARE += [{CSRF}]",
        f"MIDDLEWARE = [{SESSIONS}, {CSRF}]\nMIDDLEWARE.remove({CSRF})",
        f"MIDDLEWARE = [{CSRF}]",
        "MIDDLEWARE = []",
        "",
    ]],
]
HEAD = 'SECRET_KEY = "x"\nALLOWED_HOSTS = ["a"]\nINSTALLED_APPS = []\nROOT_URLCONF = "urls"\n'


def asked(settings, environment):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("settings.py", HEAD + settings), ("urls.py", "urlpatterns = []")):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text + "\n")
        answer = subprocess.run(
            [sys.executable, "-m", "django", "check", "--deploy"],
            cwd=folder,
            env={"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": folder, **environment},
            capture_output=True,
            text=True,
        )
        said = answer.stdout + answer.stderr
        assert "System check identified" in said, said
        return {"debug": "security.W018" in said, "csrf": "security.W003" in said}


rows = [{"settings": s, "environment": e, **asked(s, e)} for s, e in CASES]
what = (
    f"settings, and the environment -> does `check --deploy` of Django {version('django')} warn of DEBUG (security.W018) and of "
    "the CSRF middleware (security.W003)"
)
print(json.dumps({"what": what})[:-1] + ',\n"rows": [')
print(",\n".join(json.dumps(row) for row in rows) + "\n]}")
