"""Plots, who tends them, and what grows there."""
