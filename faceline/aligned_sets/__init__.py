"""Faces that come aligned, in the files that insightface's data sets are handed out in."""
