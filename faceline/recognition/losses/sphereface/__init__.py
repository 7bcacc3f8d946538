"""SphereFace: its parameters and its head."""
