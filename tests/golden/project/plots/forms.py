"""Forms of plots and plantings."""

from django import forms

from plots.models import Planting, Plot


class PlotForm(forms.ModelForm):
    """What a gardener says of a plot."""

    class Meta:
        model = Plot
        fields = ["name", "description"]


class PlantingForm(forms.ModelForm):
    """What is planted."""

    class Meta:
        model = Planting
        fields = ["crop", "planted_on"]
