#!/usr/bin/env python3
"""What kombu makes of broker URLs: writes ../data/kombu_urls.json. See README.md for how to run it.

Each URL stands with the brokers that its author meant. Nothing is connected to: kombu reads a URL when it makes a
`Connection`, the ones behind `;` when it switches to them, and a Redis database when a channel is made. Passwords are
made up.
"""

import contextlib
import json
import logging
import pathlib
import sys
from importlib.metadata import version

from kombu import Connection
from kombu.transport.redis import Channel

logging.disable(logging.CRITICAL)

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "kombu_urls.json"


def broker(host, path, user=None, password=None, port=None):
    return {"host": host, "port": port, "user": user, "password": password, "path": path}


def login(host, path="v", password="p", port=None):
    return broker(host, path, "u", password, port)


TWO = [login("h1"), login("h2")]

# URL, the brokers that are meant; None: the text alone does not tell.
URLS = [
    # The query becomes keyword arguments, whatever the transport is.
    ("amqp://u:p@h/v?heartbeat=30", [login("h")]),
    ("amqp://u:p@h/v?connect_timeout=5&login_method=PLAIN&insist=1", [login("h")]),
    ("amqp://u:p@h/v?ssl_cert_reqs=required", [login("h")]),
    ("amqp://u:p@h/v?qos", [login("h", "v?qos")]),
    ("redis://h:6379/0?retry", [broker("h", "0", port=6379)]),
    ("amqp://u:p@h/v?qos=", [login("h")]),
    ("amqp://u:p@h/v?qos=1", [login("h")]),
    ("amqp://u:p@h/v?failover_strategy=shuffle", [login("h")]),
    ("amqp://u:p@h/v?transport_options=1", [login("h")]),
    ("amqp://u:p@h/v?hostname=other", [login("h")]),
    ("amqp://u:p@h/v?port=5672", [login("h")]),
    ("amqp://u:p@h/v?virtual_host=w", [login("h")]),
    ("redis://h:6379/0?socket_timeout=5", [broker("h", "0", port=6379)]),
    ("redis://h:6379/0?health_check_interval=5", [broker("h", "0", port=6379)]),
    ("rediss://:p@h:6379/0?ssl_cert_reqs=none", [broker("h", "0", password="p", port=6379)]),
    ("rediss://:p@h:6379/0?ssl_cert_reqs=none&retry=1", [broker("h", "0", password="p", port=6379)]),
    ("redis+socket:///run/redis.sock?socket_timeout=5", [broker("socket:///run/redis.sock?socket_timeout=5", "0")]),
    ("sentinel://h:26379/0?master_name=m", [broker("h", "0", port=26379)]),
    ("sqs://key:secret@?region=eu-west-1", [broker(None, "/", "key", "secret")]),
    ("memory://?x=1", [broker(None, "/")]),
    ("filesystem://?x=1", [broker(None, "/")]),
    ("mongodb://h/db?x=1", [broker("mongodb://h/db?x=1", "/")]),
    ("sqla+postgresql://u:p@h/db?x=1", [broker("postgresql://u:p@h/db?x=1", "/")]),
    # Blanks around `;` stay.
    ("amqp://u:p@h1/v;amqp://u:p@h2/v", TWO),
    ("amqp://u:p@h1/v ;amqp://u:p@h2/v", TWO),
    ("amqp://u:p@h1/v; amqp://u:p@h2/v", TWO),
    ("amqp://u:p@h1/v ; amqp://u:p@h2/v", TWO),
    ("amqp://u:p@h1 ;amqp://u:p@h2", [login("h1", "/"), login("h2", "/")]),
    ("amqp://u:p@h1:5672 ;amqp://u:p@h2:5672", [login("h1", "/", port=5672), login("h2", "/", port=5672)]),
    ("redis://h1/0 ;redis://h2/0", [broker("h1", "0"), broker("h2", "0")]),
    ("redis://h1/0; redis://h2/0", [broker("h1", "0"), broker("h2", "0")]),
    # Behind `;` a name alone is a host; what has a login or a port is a host, too.
    ("amqp://u:p@h1/v;h2", [login("h1"), broker("h2", "v", "u", "p")]),
    ("amqp://u:p@h1:5672/v;u:p@h2:5672/v", [login("h1", port=5672), login("h2", port=5672)]),
    # Commas join nothing.
    ("amqp://u:p@h1:5672/v,amqp://u:p@h2:5672/v", [login("h1", port=5672), login("h2", port=5672)]),
    ("amqp://u:p@h1/v, amqp://u:p@h2/v", TWO),
    ("amqp://u:p@h1:5672,u:p@h2:5672/v", [login("h1", port=5672), login("h2", port=5672)]),
    ("amqp://u:p@h1,u:p@h2/v", TWO),
    ("amqp://u:p@h1:5672,h2:5672/v", [login("h1", port=5672), login("h2", port=5672)]),
    ("amqp://u:p@h1,h2/v", TWO),
    ("redis://h1:6379/0,redis://h2:6379/0", [broker("h1", "0", port=6379), broker("h2", "0", port=6379)]),
    ("redis://h1:6379,redis://h2:6379", [broker("h1", "0", port=6379), broker("h2", "0", port=6379)]),
    # Sentinels
    (
        "sentinel://:p@h1:26379;sentinel://:p@h2:26379",
        [broker("h1", "/", password="p", port=26379), broker("h2", "/", password="p", port=26379)],
    ),
    ("sentinel://h1:26379,h2:26379/0", [broker("h1", "0", port=26379), broker("h2", "0", port=26379)]),
    ("sentinel://h1:26379,sentinel://h2:26379", [broker("h1", "/", port=26379), broker("h2", "/", port=26379)]),
    ("sentinel://h1:26379;h2:26379", [broker("h1", "/", port=26379), broker("h2", "/", port=26379)]),
    ("sentinel://h1:26379 ;sentinel://h2:26379", [broker("h1", "/", port=26379), broker("h2", "/", port=26379)]),
    # The secret key of Amazon's queues
    ("sqs://", [broker(None, "/")]),
    ("sqs://key:1abc@", [broker(None, "/", "key", "1abc")]),
    ("sqs://key:12%2Fcd@", [broker(None, "/", "key", "12/cd")]),
    ("sqs://key:1+b@", None),
    ("sqs://0key:12@", [broker(None, "/", "0key", "12")]),
    ("sqs://key:ab/cd@", [broker(None, "/", "key", "ab/cd")]),
    ("sqs://key:1ab/cd@", [broker(None, "/", "key", "1ab/cd")]),
    ("sqs://key:12/cd@", [broker(None, "/", "key", "12/cd")]),
    ("sqs://key:99999/cd@", [broker(None, "/", "key", "99999/cd")]),
    # What ends the login
    ("amqp://u:/x@h/v", [login("h", password="/x")]),
    ("amqp://u:9/x@h/v", [login("h", password="9/x")]),
    ("amqp://u:99999/x@h/v", [login("h", password="99999/x")]),
    ("amqp://u:a#x@h/v", [login("h", password="a#x")]),
    ("amqp://u:a[x@h/v", [login("h", password="a[x")]),
    ("amqp://u:a%23x@h/v", [login("h", password="a#x")]),
    # Schemes, ports, hosts, databases
    ("ampq://u:p@h/v", [login("h")]),
    ("rabbitmq://u:p@h/v", [login("h")]),
    ("http://u:p@h:15672", [login("h", "/", port=15672)]),
    ("u:p@h:5672/v", [login("h", port=5672)]),
    ("h:5672", [broker("h", "/", port=5672)]),
    ("amqp://u:p@h:abc/v", [login("h")]),
    ("amqp://u:p@h:70000/v", [login("h", port=70000)]),
    ("amqp://u:p@[::g]/v", [login("::g")]),
    ("amqp://u:p@[::1]:5672/v", [login("::1", port=5672)]),
    ("redis://h/cache", [broker("h", "0")]),
    ("redis://h/0/", [broker("h", "0")]),
    ("redis://h/", [broker("h", "0")]),
]


def database(connection):
    """The number of a Redis database, as the first channel reads it."""
    channel = Channel.__new__(Channel)
    channel.connection = type("Transport", (), {"client": connection, "default_port": 6379})()
    return str(channel._connparams()["db"])


def read(connection):
    is_redis = connection.transport_cls in ("redis", "rediss")
    path = database(connection) if is_redis else connection.virtual_host
    return broker(connection.hostname, path, connection.userid, connection.password, connection.port)


def outcome(url):
    """What the worker reads, broker by broker; or the error that stops it."""
    connection = Connection(url)
    brokers = [read(connection)]
    for alternate in (connection.alt or [])[1:]:
        connection.switch(alternate)
        connection.get_transport_cls()
        brokers.append(read(connection))
    return brokers


def row(url, meant):
    row = {"url": url, "error": None, "brokers": None, "as_meant": None}
    with contextlib.redirect_stderr(None):
        try:
            row["brokers"] = outcome(url)
        except Exception as error:  # noqa: BLE001: whatever stops a worker
            # Up to what kombu quotes of the URL.
            text = str(error).strip("'\"").split(" '")[0]
            row["error"] = f"{type(error).__name__}: {text}"
    if meant is not None:
        row["as_meant"] = row["brokers"] == meant
    return row


def main():
    rows = [row(url, meant) for url, meant in URLS]
    meta = {
        "made_by": "tests/oracles/kombu_urls.py",
        "kombu": version("kombu"),
        "redis": version("redis"),
        "python": ".".join(map(str, sys.version_info[:2])),
        "as_meant": "kombu reads the brokers that are meant; null: the text alone does not tell",
    }
    OUT.write_text(json.dumps({"_meta": meta, "cases": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
