"""Landmark sets from their own annotation files."""
