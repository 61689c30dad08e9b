"""Tests of what is done with plots."""

from django.contrib.auth import get_user_model
from django.test import TestCase

from plots.models import Plot
from plots.services import take


class TakeTests(TestCase):
    """A plot that is taken is no longer free."""

    def test_take(self) -> None:
        gardener = get_user_model().objects.create_user("ada")
        plot = Plot.objects.create(name="By the wall")
        take(plot, gardener)
        plot.refresh_from_db()
        self.assertEqual((plot.gardener, plot.status), (gardener, Plot.Status.TAKEN))
