"""What is done with plots, whoever asks for it."""

from django.contrib.auth.models import AbstractBaseUser

from plots.models import Plot


def take(plot: Plot, gardener: AbstractBaseUser) -> None:
    """Give a plot to somebody.

    :param plot: a free plot.
    :param gardener: who tends it from now on.
    """
    plot.gardener = gardener
    plot.status = Plot.Status.TAKEN
    plot.save(update_fields=["gardener", "status", "updated_at"])
