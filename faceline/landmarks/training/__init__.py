"""Training of the hourglass."""
