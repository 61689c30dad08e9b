"""What takes long."""

import json
from urllib.error import URLError
from urllib.request import urlopen

from celery import Task, shared_task
from django.conf import settings
from django.core.cache import cache

from plots.models import Plot

HOUR = 3600


@shared_task(bind=True, autoretry_for=(URLError,), retry_backoff=True, retry_jitter=True, max_retries=5)
def fetch_weather(self: Task, plot_id: int) -> None:
    """Keep today's weather for a plot's page.

    Writing the same key again changes nothing, so it may run twice.

    :param plot_id: the plot's primary key.
    """
    plot = Plot.objects.filter(pk=plot_id).first()
    if plot is None:
        return
    # Invalidated by time alone: the forecast is new each hour.
    cache.set(f"plots:task:{self.request.id}:progress", 50, timeout=HOUR)
    with urlopen(settings.WEATHER_URL, timeout=10) as answer:
        weather = json.load(answer)
    cache.set(f"plots:plot:{plot.short_id}:weather", weather, timeout=HOUR)
    cache.set(f"plots:task:{self.request.id}:progress", 100, timeout=HOUR)
