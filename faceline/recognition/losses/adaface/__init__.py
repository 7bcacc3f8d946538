"""AdaFace: its parameters and its head."""
