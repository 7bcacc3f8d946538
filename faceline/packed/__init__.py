"""Packed image sets."""
