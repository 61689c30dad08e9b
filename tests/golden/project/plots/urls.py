"""Routes of plots."""

from django.urls import path

from plots import views

app_name = "plots"

urlpatterns = [
    path("", views.plot_list, name="plot_list"),
    path("plantings/<str:short_id>/", views.planting_detail, name="planting_detail"),
    path("<str:short_id>/", views.plot_detail, name="plot_detail"),
    path("<str:short_id>/edit/", views.plot_edit, name="plot_edit"),
    path("<str:short_id>/take/", views.plot_take, name="plot_take"),
    path("<str:short_id>/plantings/new/", views.planting_new, name="planting_new"),
]
