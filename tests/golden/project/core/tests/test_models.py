"""Tests of the base models."""

from django.test import SimpleTestCase

from core.models import TimeStampedModel


class TimeStampedModelTests(SimpleTestCase):
    """The base makes no table."""

    def test_is_abstract(self) -> None:
        self.assertTrue(TimeStampedModel._meta.abstract)
