"""Faces sampled onto the template, from landmarks that are annotated or predicted."""
