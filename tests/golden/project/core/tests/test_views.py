"""Tests of the probes."""

from unittest.mock import patch

from django.test import TestCase
from django.urls import reverse


class ReadyTests(TestCase):
    """`/ready/` names what is broken."""

    def test_ready_when_all_answer(self) -> None:
        response = self.client.get(reverse("core:ready"))
        self.assertEqual(response.status_code, 200)

    def test_names_memcached(self) -> None:
        broken = patch("core.views.cache.set", side_effect=ConnectionRefusedError)
        with broken, self.assertLogs("core.views"):
            response = self.client.get(reverse("core:ready"))
        self.assertEqual(response.status_code, 503)
        self.assertFalse(response.json()["memcached"])
