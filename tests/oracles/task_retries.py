"""What Celery makes of tasks that fail, run where they are called: writes tests/data/task_retries.json.

See README.md for how to run it.
"""

import json
from pathlib import Path

import celery
from celery import Celery, Task, current_task  # noqa: F401

app = Celery("project")
app.conf.task_always_eager = True
runs = []


class Steady(Task):
    autoretry_for = (OSError,)
    max_retries = 2


# The decorator's options, the parameters, the body: all in one function `push`, called with 1. `ask()` fails.
CASES = [
    ("", "order_id", "ask()"),
    ("max_retries=3, retry_backoff=True", "order_id", "ask()"),
    ("retry_kwargs={'max_retries': 3}", "order_id", "ask()"),
    ("autoretry_for=(), max_retries=3", "order_id", "ask()"),
    ("autoretry_for=(OSError,), max_retries=3", "order_id", "ask()"),
    ("autoretry_for=(OSError,), retry_kwargs={'max_retries': 3}", "order_id", "ask()"),
    ("base=Steady", "order_id", "ask()"),
    ("base=Task, max_retries=2", "order_id", "ask()"),
    ("bind=True, max_retries=2", "self, order_id", "try: ask()\n    except OSError: self.retry()"),
    ("bind=True, max_retries=2", "task, order_id", "try: ask()\n    except OSError: raise task.retry()"),
    ("max_retries=2", "order_id", "try: ask()\n    except OSError: raise push.retry()"),
    ("max_retries=2", "order_id", "try: ask()\n    except OSError: raise current_task.retry()"),
    ("max_retries=2", "order_id", "try: ask()\n    except OSError: raise self.retry()"),
    ("max_retries=2", "self", "try: ask()\n    except OSError: raise self.retry()"),
]


def ask():
    runs.append(1)
    raise OSError("down")


table = []
for options, parameters, body in CASES:
    runs.clear()
    code = f"@app.task({options})\ndef push({parameters}):\n    {body}\n"
    names = dict(globals())
    exec(code, names)
    error = names["push"].delay(1).result
    app.tasks.pop(names["push"].name, None)
    table.append({"options": options, "parameters": parameters, "body": body, "runs": len(runs), "error": type(error).__name__})
target = Path(__file__).parent.parent / "data" / "task_retries.json"
target.write_text(json.dumps({"celery": celery.__version__, "cases": table}, indent=1) + "\n")
