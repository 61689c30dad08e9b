"""All routes of the garden."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("plots/", include("plots.urls")),
    path("", include("core.urls")),
]
