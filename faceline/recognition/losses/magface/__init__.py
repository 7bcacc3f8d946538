"""MagFace: its parameters and its head."""
