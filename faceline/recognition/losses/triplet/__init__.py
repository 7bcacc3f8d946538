"""Triplet loss: its parameters and its head."""
