"""Sub-center ArcFace: its parameters and its head."""
