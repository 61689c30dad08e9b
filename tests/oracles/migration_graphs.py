#!/usr/bin/env python3
"""What Django makes of graphs of migrations: writes ../data/migration_graphs.json.

Every graph is given to Django's own MigrationLoader as migrations in memory; what stands under "django" is its answer and
never written by hand. See README.md for how to run it.
"""
import json
import os
import pathlib
import random
import sys

if os.environ.get("PYTHONHASHSEED") != "0":
    # Django goes through sets of names: which of several faults it names first hangs on the seed.
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

import django
from django.conf import settings
from django.db.migrations import Migration, loader as loading
from django.db.migrations.exceptions import (
    CircularDependencyError,
    InconsistentMigrationHistory,
    NodeNotFoundError,
)
from django.db.migrations.graph import DummyNode

settings.configure(INSTALLED_APPS=[])
django.setup()

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "migration_graphs.json"


def key(name):
    return tuple(name.split(".", 1))


def name(key):
    return ".".join(key)


class Applied(dict):
    """All that is applied, of which only some are gone through."""

    only = None

    def __iter__(self):
        return iter(self.only) if self.only is not None else super().__iter__()


class Recorder:
    applied = Applied()

    def __init__(self, connection):
        pass

    def applied_migrations(self):
        return self.applied


class Connection:
    alias = "default"


class Loader(loading.MigrationLoader):
    """Reads migrations from a dictionary, in the order of their names."""

    def __init__(self, graph):
        self.source = graph
        super().__init__(Connection(), load=False)

    def load_disk(self):
        migrations = self.source["migrations"]
        self.unmigrated_apps = set(self.source.get("unmigrated", []))
        self.migrated_apps = {key(n)[0] for n in migrations}
        self.disk_migrations = {}
        for full, says in sorted(migrations.items(), key=lambda item: key(item[0])):
            app, short = key(full)
            attributes = {list_: [key(n) for n in names] for list_, names in says.items()}
            self.disk_migrations[app, short] = type("Migration", (Migration,), attributes)(short, app)


def error(loader, exc):
    if isinstance(exc, NodeNotFoundError):
        return {
            "kind": "NodeNotFoundError",
            "message": exc.message,
            "node": name(exc.node),
            "origin": str(exc.origin) if exc.origin else None,
        }
    if isinstance(exc, CircularDependencyError):
        return {"kind": "CircularDependencyError", "circle": str(exc).split(", ")}
    return {"kind": type(exc).__name__, "message": str(exc)}


def ask(graph):
    loading.MigrationRecorder = Recorder
    Recorder.applied = Applied({key(n): None for n in graph.get("applied", [])})
    loader = Loader(graph)
    answer = {}
    try:
        loader.build_graph()
    except (NodeNotFoundError, CircularDependencyError, ValueError) as exc:
        answer["error"] = error(loader, exc)
    nodes = loader.graph.node_map
    dummies = [n for n in nodes.values() if isinstance(n, DummyNode)]
    answer["missing"] = {name(n.key): n.error_message for n in sorted(dummies)}
    if answer.get("error", {}).get("kind") == "ValueError":
        return answer
    answer["parents"] = {
        name(n.key): sorted(name(p.key) for p in n.parents) for n in sorted(nodes.values()) if n.parents
    }
    if "error" in answer:
        return answer
    answer["leaves"] = sorted(name(n) for n in loader.graph.leaf_nodes())
    answer["roots"] = sorted(name(n) for n in loader.graph.root_nodes())
    answer["conflicts"] = loader.detect_conflicts()
    applied = Recorder.applied = Applied({key(n): None for n in graph.get("applied", [])})
    answer["inconsistent"] = {}
    for one in sorted(dict.keys(applied)):
        applied.only = [one]
        try:
            loader.check_consistent_history(Connection())
        except InconsistentMigrationHistory as exc:
            answer["inconsistent"][name(one)] = str(exc)
    return answer


def m(*dependencies, replaces=(), run_before=()):
    says = {"dependencies": list(dependencies), "replaces": list(replaces), "run_before": list(run_before)}
    return {list_: names for list_, names in says.items() if names}


ORDERS = {"orders.0001": m(), "orders.0002": m("orders.0001"), "orders.0003": m("orders.0002")}
SQUASH = {**ORDERS, "orders.0001_squashed": m(replaces=["orders.0001", "orders.0002", "orders.0003"])}
CUSTOMERS = {"customers.0001": m(), "customers.0002": m("customers.0001")}
ALL = ["orders.0001", "orders.0002", "orders.0003"]


def graph(situation, migrations, applied=(), unmigrated=()):
    return situation, {"migrations": migrations, "applied": list(applied), "unmigrated": list(unmigrated)}


WRITTEN = [
    graph("nothing at all", {}),
    graph("one chain", ORDERS),
    graph("one chain, all applied", ORDERS, ALL),
    graph("one chain, its beginning applied", ORDERS, ALL[:1]),
    graph("two leaves", {**ORDERS, "orders.0003_b": m("orders.0002")}),
    graph("three leaves", {**ORDERS, "orders.0002_b": m("orders.0001"), "orders.0003_b": m("orders.0002")}),
    graph("two leaves merged", {**ORDERS, "orders.0003_b": m("orders.0002"), "orders.0004": m("orders.0003", "orders.0003_b")}),
    graph("two roots", {**ORDERS, "orders.0001_b": m()}),
    graph("two apps with two leaves each", {**ORDERS, "orders.0003_b": m("orders.0002"), **CUSTOMERS, "customers.0002_b": m("customers.0001")}),
    graph("a child in another app is no child in the own", {**ORDERS, "customers.0001": m("orders.0003")}),
    graph("a leaf after another app", {**ORDERS, "customers.0001": m("orders.0003"), "orders.0004": m("customers.0001")}),
    graph("a missing parent", {**ORDERS, "orders.0004": m("orders.0009")}),
    graph("a missing parent in another app", {**ORDERS, "customers.0001": m("orders.0009")}),
    graph("an app that nobody has", {**ORDERS, "orders.0004": m("orders.0003", "nobody.0001")}),
    graph("__first__ of an app that nobody has", {**ORDERS, "orders.0004": m("orders.0003", "nobody.__first__")}),
    graph("a chain on a missing parent", {"orders.0001": m(), "orders.0003": m("orders.0002"), "orders.0004": m("orders.0003")}),
    graph("two missing parents", {"orders.0001": m("orders.0000"), "customers.0001": m("customers.0000")}),
    graph("one missing parent of two", {"orders.0001": m(), "orders.0003": m("orders.0002"), "customers.0001": m("orders.0002")}),
    graph("a circle of itself", {**ORDERS, "orders.0004": m("orders.0004")}),
    graph("a circle of itself beside a chain", {**ORDERS, "orders.0004": m("orders.0003", "orders.0004")}),
    graph("a circle in an app", {"orders.0001": m("orders.0003"), "orders.0002": m("orders.0001"), "orders.0003": m("orders.0002")}),
    graph("a circle over two apps", {"orders.0001": m(), "orders.0002": m("orders.0001", "customers.0002"), "customers.0001": m(), "customers.0002": m("customers.0001", "orders.0002")}),
    graph("a circle over three apps", {"a.0001": m("b.0001"), "b.0001": m("c.0001"), "c.0001": m("a.0001")}),
    graph("two circles", {"a.0001": m("a.0002"), "a.0002": m("a.0001"), "b.0001": m("b.0002"), "b.0002": m("b.0001")}),
    graph("a circle and a missing parent", {"a.0001": m("a.0002"), "a.0002": m("a.0001"), "b.0001": m("b.0000")}),
    graph("a circle through run_before", {**CUSTOMERS, "orders.0001": m("customers.0002", run_before=["customers.0001"])}),
    graph("run_before itself", {"orders.0001": m(run_before=["orders.0001"])}),
    graph("run_before in the own app", {"orders.0001": m(), "orders.0000": m(run_before=["orders.0001"])}),
    graph("run_before another app", {**ORDERS, "customers.0001": m(run_before=["orders.0001"])}),
    graph("run_before what is applied", {**ORDERS, "customers.0001": m(run_before=["orders.0001"])}, ALL),
    graph("run_before what is missing", {**ORDERS, "customers.0001": m(run_before=["orders.0009"])}),
    graph("run_before the first of another app", {**ORDERS, "customers.0001": m(run_before=["orders.__first__"])}),
    graph("run_before the first of the own app", {**ORDERS, "orders.0000": m(run_before=["orders.__first__"])}),
    graph("run_before an app without migrations", {"customers.0001": m(run_before=["orders.__first__"])}, unmigrated=["orders"]),
    graph("run_before gives the own app another leaf", {**ORDERS, "orders.0004": m(run_before=["orders.0003"])}),
    graph("__first__ of another app", {**ORDERS, "customers.0001": m("orders.__first__")}),
    graph("__first__ of the own app", {"orders.0001": m(), "orders.0002": m("orders.__first__")}),
    graph("__first__ with two roots", {**ORDERS, "orders.0000": m(), "customers.0001": m("orders.__first__")}),
    graph("__first__ hangs on a missing parent", {"orders.0002": m("orders.0001"), "customers.0001": m("orders.__first__")}),
    graph("__first__ in a circle of its app", {"orders.0001": m("orders.0002"), "orders.0002": m("orders.0001"), "customers.0001": m("orders.__first__")}),
    graph("__first__ of an app without migrations", {"customers.0001": m("orders.__first__")}, unmigrated=["orders"]),
    graph("a name in an app without migrations", {"customers.0001": m("orders.0001")}, unmigrated=["orders"]),
    graph("__latest__ of another app", {**ORDERS, "customers.0001": m("orders.__latest__")}),
    graph("__latest__ of the own app", {"orders.0001": m(), "orders.0002": m("orders.__latest__")}),
    graph("__latest__ of the own app, that another app names too", {"orders.0001": m(), "orders.0002": m("orders.__latest__"), "customers.0001": m("orders.__latest__")}),
    graph("__latest__ of two leaves", {**ORDERS, "orders.0003_b": m("orders.0002"), "customers.0001": m("orders.__latest__")}),
    graph("__latest__ is new", {**ORDERS, "customers.0001": m("orders.__latest__")}, [*ALL[:2], "customers.0001"]),
    graph("__latest__ makes a circle", {**ORDERS, "orders.0004": m("orders.0003", "customers.0001"), "customers.0001": m("orders.__latest__")}),
    graph("__first__ makes a circle", {"accounts.0001": m("blog.0001"), "blog.0001": m("accounts.__first__")}),
    graph("the user's app is new", {"accounts.0001": m(), "blog.0001": m("accounts.__first__")}, ["blog.0001"]),
    graph("an earlier first", {"accounts.0000": m(), "accounts.0001": m("accounts.0000"), "blog.0001": m("accounts.__first__")}, ["accounts.0001", "blog.0001"]),
    graph("inserted before what is applied", {**ORDERS, "orders.0002_b": m("orders.0001"), "orders.0003": m("orders.0002_b")}, ALL),
    graph("applied and gone", {"orders.0001": m()}, ALL),
    graph("a squash, nothing applied", SQUASH),
    graph("a squash, all applied", SQUASH, ALL),
    graph("a squash and its originals applied", SQUASH, [*ALL, "orders.0001_squashed"]),
    graph("a squash, some applied", SQUASH, ALL[:2]),
    graph("a squash without originals", {"orders.0001_squashed": m(replaces=ALL), "orders.0004": m("orders.0001_squashed")}),
    graph("a squash without originals, some applied", {"orders.0001_squashed": m(replaces=ALL), "orders.0004": m("orders.0001_squashed")}, ALL[:1]),
    graph("a squash without originals, some applied, one named", {"orders.0001_squashed": m(replaces=ALL), "orders.0004": m("orders.0003")}, ALL[:1]),
    graph("a squash without originals, an original named elsewhere", {"orders.0001_squashed": m(replaces=ALL), "customers.0001": m("orders.0002")}),
    graph("a squash finished, an original named elsewhere", {"orders.0001_squashed": m(), "customers.0001": m("orders.0002")}),
    graph("a squash with an original that never was", {**ORDERS, "orders.0001_squashed": m(replaces=[*ALL, "orders.0009"])}),
    graph("a squash with an original that never was, all others applied", {**ORDERS, "orders.0001_squashed": m(replaces=[*ALL, "orders.0009"])}, ALL),
    graph("a squash that others build on", {**SQUASH, "orders.0004": m("orders.0003"), "customers.0001": m("orders.0002")}),
    graph("a squash that is built on, some applied", {**SQUASH, "orders.0004": m("orders.0001_squashed")}, ALL[:1]),
    graph("a squash waits for what waits for an original", {**SQUASH, "orders.0001_squashed": m("customers.0001", replaces=ALL), "customers.0001": m("orders.0002")}),
    graph("a squash takes over a parent that waits for an original", {**SQUASH, "orders.0003": m("orders.0002", "customers.0001"), "customers.0001": m("orders.0002")}),
    graph("the same, some applied", {**SQUASH, "orders.0003": m("orders.0002", "customers.0001"), "customers.0001": m("orders.0002")}, ALL[:1]),
    graph("a squash with a gap", {**ORDERS, "orders.0004": m("orders.0003"), "orders.0001_squashed": m(replaces=["orders.0001", "orders.0002", "orders.0004"])}),
    graph("a squash with a gap, all applied", {**ORDERS, "orders.0004": m("orders.0003"), "orders.0001_squashed": m(replaces=["orders.0001", "orders.0002", "orders.0004"])}, [*ALL, "orders.0004"]),
    graph("a squash of the end", {**ORDERS, "orders.0002_squashed": m("orders.0001", replaces=["orders.0002", "orders.0003"])}),
    graph("a squash of the end without its beginning", {**ORDERS, "orders.0002_squashed": m(replaces=["orders.0002", "orders.0003"])}),
    graph("a squash that depends on its own original", {**ORDERS, "orders.0001_squashed": m("orders.0003", replaces=ALL)}),
    graph("a squash that does not take the leaf", {**ORDERS, "orders.0001_squashed": m(replaces=ALL[:2])}),
    graph("replaces taken away, originals there", {**ORDERS, "orders.0001_squashed": m()}, [*ALL, "orders.0001_squashed"]),
    graph("replaces taken away, originals gone, one left behind", {"orders.0001_squashed": m(), "orders.0004": m("orders.0003")}),
    graph("a squash of another app's", {**ORDERS, "customers.0001": m(replaces=ALL)}),
    graph("a squash of a squash", {**SQUASH, "orders.0004": m("orders.0001_squashed"), "orders.0001_squashed_again": m(replaces=["orders.0001_squashed", "orders.0004"])}),
    graph("a squash of a squash, by an earlier name", {**SQUASH, "orders.0004": m("orders.0001_squashed"), "orders.0001_all": m(replaces=["orders.0001_squashed", "orders.0004"])}),
    graph("two squashes of the same", {**SQUASH, "orders.0001_squashed_b": m(replaces=ALL[:2])}),
    graph("a rename that says so, applied", {"orders.0001": m(), "orders.0002_b": m("orders.0001", replaces=["orders.0002"]), "orders.0003": m("orders.0002_b")}, ALL),
    graph("a rename that says so, not everything pointed to it", {"orders.0001": m(), "orders.0002_b": m("orders.0001", replaces=["orders.0002"]), "orders.0003": m("orders.0002")}, ALL),
    graph("a rename that does not say so", {"orders.0001": m(), "orders.0002_b": m("orders.0001"), "orders.0003": m("orders.0002_b")}, ALL),
    graph("a squash waits for a new app, all applied", {**ORDERS, **CUSTOMERS, "orders.0001_squashed": m("customers.0001", replaces=ALL), "orders.0004": m("orders.0001_squashed")}, [*ALL, "orders.0004"]),
    graph("applied after a squash of which some are applied", {**SQUASH, "customers.0001": m("orders.0001_squashed")}, [*ALL[:2], "customers.0001"]),
    graph("applied after a squash of which all are applied", {**SQUASH, "customers.0001": m("orders.0001_squashed")}, [*ALL, "customers.0001"]),
]


def drawn(number):
    """A small graph by lot: mostly sound, with a fault now and then."""
    lot = random.Random(number)
    names = []
    for app in "abc"[: lot.randint(1, 3)]:
        names += [f"{app}.{n:04}" for n in range(1, lot.randint(2, 5))]
    migrations = {}
    for full in names:
        app, short = full.split(".")
        own = [n for n in names if n.startswith(app + ".") and n < full]
        dependencies = own[-1:] if lot.random() < 0.94 else [lot.choice(names)]
        if lot.random() < 0.14:
            dependencies.append(lot.choice(names))
        if lot.random() < 0.12:
            dependencies.append(lot.choice("abc"[: len({n[0] for n in names})]) + lot.choice([".__first__", ".__latest__"]))
        if lot.random() < 0.05:
            dependencies.append(f"{app}.0099")
        before = [lot.choice(names)] if lot.random() < 0.06 else []
        migrations[full] = m(*dict.fromkeys(dependencies), run_before=before)
    if lot.random() < 0.5:
        app = lot.choice(sorted({n[0] for n in names}))
        own = [n for n in names if n[0] == app]
        start = lot.randrange(len(own))
        replaced = own[start : lot.randint(start, len(own)) + 1]
        if len(replaced) > 2 and lot.random() < 0.25:
            replaced.pop(1)
        squash = f"{app}.{own[start][2:]}_squashed"
        migrations[squash] = m(*own[max(0, start - 1) : start], replaces=replaced)
        if lot.random() < 0.3:
            for gone in replaced:
                del migrations[gone]
    everything = [*names, *[n for n in migrations if n.endswith("_squashed")]]
    applied = [n for n in everything if lot.random() < lot.choice([0.6, 0.9, 1])] if lot.random() < 0.6 else []
    return graph(f"drawn by lot {number}", migrations, applied)


def main():
    graphs = [*WRITTEN, *(drawn(number) for number in range(240))]
    told = [{"situation": situation, **given, "django": ask(given)} for situation, given in graphs]
    lines = ",\n".join("  " + json.dumps(one) for one in told)
    meta = {
        "what": "Graphs of migrations, each with the answer of Django's MigrationLoader; made by tests/oracles/migration_graphs.py",
        "django": django.get_version(),
        "python": sys.version.split()[0],
    }
    OUT.write_text(f'{{\n "_meta": {json.dumps(meta)},\n "graphs": [\n{lines}\n ]\n}}\n')
    kinds = {}
    for one in told:
        kind = one["django"].get("error", {}).get("kind", "sound")
        kinds[kind] = kinds.get(kind, 0) + 1
    print(len(told), kinds, sum(bool(t["django"].get("conflicts")) for t in told), "conflicts", sum(bool(t["django"].get("inconsistent")) for t in told), "inconsistent")


if __name__ == "__main__":
    main()
