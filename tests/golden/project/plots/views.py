"""Pages of plots."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from plots.forms import PlantingForm, PlotForm
from plots.models import Planting, Plot
from plots.services import take
from plots.tasks import fetch_weather

PAGE = 50


def plot_list(request: HttpRequest) -> HttpResponse:
    """List the free plots.

    :param request: the visitor's request.
    :returns: the page.
    """
    plots = Plot.objects.filter(status=Plot.Status.FREE).order_by("name")[:PAGE]
    return render(request, "plots/plot_list.html", {"plots": plots})


def plot_detail(request: HttpRequest, short_id: str) -> HttpResponse:
    """Show one plot with what grows there.

    :param request: the visitor's request.
    :param short_id: the plot's public id.
    :returns: the page.
    """
    plots = Plot.objects.select_related("gardener").prefetch_related("plantings")
    plot = get_object_or_404(plots, short_id=short_id)
    return render(request, "plots/plot_detail.html", {"plot": plot})


def planting_detail(request: HttpRequest, short_id: str) -> HttpResponse:
    """Show one planting.

    :param request: the visitor's request.
    :param short_id: the planting's public id.
    :returns: the page.
    """
    planting = get_object_or_404(Planting.objects.select_related("plot"), short_id=short_id)
    return render(request, "plots/planting_detail.html", {"planting": planting})


@login_required
def plot_edit(request: HttpRequest, short_id: str) -> HttpResponse:
    """Let a gardener describe the plot.

    :param request: the gardener's request.
    :param short_id: the plot's public id.
    :returns: the form, or the way to the plot.
    """
    plot = get_object_or_404(Plot, short_id=short_id, gardener=request.user)
    form = PlotForm(request.POST or None, instance=plot)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(plot)
    return render(request, "plots/plot_form.html", {"form": form, "plot": plot})


@login_required
@require_POST
def plot_take(request: HttpRequest, short_id: str) -> HttpResponse:
    """Give a free plot to whoever asks.

    :param request: the gardener's request.
    :param short_id: the plot's public id.
    :returns: the way to the plot.
    """
    plot = get_object_or_404(Plot, short_id=short_id, status=Plot.Status.FREE)
    take(plot, request.user)
    fetch_weather.delay(plot.pk)
    return redirect(plot)


@login_required
def planting_new(request: HttpRequest, short_id: str) -> HttpResponse:
    """Write down what was planted.

    :param request: the gardener's request.
    :param short_id: the plot's public id.
    :returns: the form, or the way to the plot.
    """
    plot = get_object_or_404(Plot, short_id=short_id, gardener=request.user)
    form = PlantingForm(request.POST or None, instance=Planting(plot=plot))
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(plot)
    return render(request, "plots/planting_form.html", {"form": form, "plot": plot})
