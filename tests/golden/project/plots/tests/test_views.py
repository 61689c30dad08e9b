"""Tests of the pages."""

from unittest.mock import patch

from django.contrib.auth import get_user_model
from django.test import TestCase
from django.urls import reverse

from plots.models import Plot


class PlotPageTests(TestCase):
    """Pages show plots, and gardeners change their own."""

    def setUp(self) -> None:
        self.plot = Plot.objects.create(name="By the wall")
        self.gardener = get_user_model().objects.create_user("ada")

    def test_lists_free_plots(self) -> None:
        self.assertContains(self.client.get(reverse("plots:plot_list")), "By the wall")

    def test_taking_needs_a_login(self) -> None:
        response = self.client.post(reverse("plots:plot_take", args=[self.plot.short_id]))
        self.assertEqual(response.status_code, 302)
        self.plot.refresh_from_db()
        self.assertIsNone(self.plot.gardener)

    def test_take_and_describe(self) -> None:
        self.client.force_login(self.gardener)
        with patch("plots.views.fetch_weather.delay") as delay:
            self.client.post(reverse("plots:plot_take", args=[self.plot.short_id]))
        delay.assert_called_once_with(self.plot.pk)
        address = reverse("plots:plot_edit", args=[self.plot.short_id])
        self.client.post(address, {"name": "By the gate", "description": "Dry."})
        self.assertContains(self.client.get(self.plot.get_absolute_url()), "By the gate")

    def test_write_down_a_planting(self) -> None:
        self.plot.gardener = self.gardener
        self.plot.save()
        self.client.force_login(self.gardener)
        address = reverse("plots:planting_new", args=[self.plot.short_id])
        self.client.post(address, {"crop": "Kale", "planted_on": "2026-04-01"})
        planting = self.plot.plantings.get()
        self.assertContains(self.client.get(planting.get_absolute_url()), "Kale")
