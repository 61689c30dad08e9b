"""Tests of the forms."""

from django.test import TestCase

from plots.forms import PlantingForm, PlotForm


class FormTests(TestCase):
    """Forms ask for what they need and no more."""

    def test_a_plot_needs_a_name(self) -> None:
        self.assertIn("name", PlotForm({}).errors)

    def test_a_planting_needs_its_date(self) -> None:
        self.assertIn("planted_on", PlantingForm({"crop": "Kale"}).errors)
