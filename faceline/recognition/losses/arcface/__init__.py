"""ArcFace: its parameters and its head."""
