"""What every app of the garden needs."""
