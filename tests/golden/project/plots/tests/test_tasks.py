"""Tests of the tasks."""

import io
from unittest.mock import patch

from django.core.cache import cache
from django.test import TestCase

from plots.models import Plot
from plots.tasks import fetch_weather


class FetchWeatherTests(TestCase):
    """The weather of a plot is kept for its page."""

    def test_keeps_the_weather(self) -> None:
        plot = Plot.objects.create(name="By the wall")
        with patch("plots.tasks.urlopen", return_value=io.BytesIO(b'{"sky": "clear"}')):
            fetch_weather.apply(args=[plot.pk])
        self.assertEqual(cache.get(f"plots:plot:{plot.short_id}:weather"), {"sky": "clear"})
