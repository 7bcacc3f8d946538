"""Errors of landmarks."""
