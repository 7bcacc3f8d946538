"""Faces onto the template: the fit, and what the alignment of a set leaves to look at."""
