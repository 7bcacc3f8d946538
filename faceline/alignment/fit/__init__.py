"""Which faces can be aligned, and how."""
