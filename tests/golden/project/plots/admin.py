"""Plots in the admin."""

from django.contrib import admin

from plots.models import Planting, Plot

admin.site.register(Plot)
admin.site.register(Planting)
