"""The app `plots`."""

from django.apps import AppConfig


class PlotsConfig(AppConfig):
    """Plots and plantings."""

    name = "plots"
