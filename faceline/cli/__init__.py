"""The command `faceline`."""
