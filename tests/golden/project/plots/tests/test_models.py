"""Tests of the models."""

import datetime

from django.test import TestCase

from plots.models import Planting, Plot


class PlotTests(TestCase):
    """A plot has a name and an address."""

    def test_address_holds_the_public_id(self) -> None:
        plot = Plot.objects.create(name="By the wall")
        self.assertEqual(str(plot), "By the wall")
        self.assertIn(plot.short_id, plot.get_absolute_url())

    def test_planting_names_its_plot(self) -> None:
        plot = Plot.objects.create(name="By the wall")
        planting = Planting.objects.create(plot=plot, crop="Kale", planted_on=datetime.date(2026, 4, 1))
        self.assertEqual(str(planting), "Kale on By the wall")
        self.assertIn(planting.short_id, planting.get_absolute_url())
