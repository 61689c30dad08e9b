"""Probes of HAProxy and Prometheus."""

import logging
import uuid

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

logger = logging.getLogger(__name__)


def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers.

    :param request: the probe's request.
    :returns: always 200.
    """
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> JsonResponse:
    """Say whether what the app depends on can be reached.

    :param request: the probe's request.
    :returns: 200, or 503 with the broken dependency named.
    """
    state = {"database": database_answers(), "memcached": memcached_answers()}
    return JsonResponse(state, status=200 if all(state.values()) else 503)


def database_answers() -> bool:
    """Ask the database for a connection."""
    try:
        connection.ensure_connection()
    except DatabaseError:
        logger.exception("the database cannot be reached")
        return False
    return True


def memcached_answers() -> bool:
    """Write a value and read it again."""
    token = uuid.uuid4().hex
    try:
        # Never invalidated: it expires after five seconds.
        cache.set("core:probe:ready:token", token, timeout=5)
        return cache.get("core:probe:ready:token") == token
    except OSError:
        logger.exception("Memcached cannot be reached")
        return False
