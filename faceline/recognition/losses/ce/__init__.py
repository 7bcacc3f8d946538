"""Cross entropy: its parameters and its head."""
