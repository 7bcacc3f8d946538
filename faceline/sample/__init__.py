"""Faces that the project draws itself, as a data set in CelebA's own layout."""
