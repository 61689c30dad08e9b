"""Models of plots and plantings."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from shortuuid.django_fields import ShortUUIDField

from core.models import TimeStampedModel


class Plot(TimeStampedModel):
    """A piece of ground that one person tends."""

    class Status(models.TextChoices):
        """Who may take it."""

        FREE = "free", "Free"
        TAKEN = "taken", "Taken"

    short_id = ShortUUIDField(length=12, unique=True, editable=False)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.FREE)
    gardener = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="plots",
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        indexes = [
            # The list shows the free plots by name.
            models.Index(fields=["status", "name"], name="plot_status_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("plots:plot_detail", args=[self.short_id])


class Planting(TimeStampedModel):
    """What grows on a plot since when."""

    short_id = ShortUUIDField(length=12, unique=True, editable=False)
    plot = models.ForeignKey(Plot, on_delete=models.CASCADE, related_name="plantings")
    crop = models.CharField(max_length=80)
    planted_on = models.DateField()
    # The watering list asks for the date.
    watered_on = models.DateField(null=True, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.crop} on {self.plot}"

    def get_absolute_url(self) -> str:
        return reverse("plots:planting_detail", args=[self.short_id])
