"""The app `core`."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Base models and probes."""

    name = "core"
