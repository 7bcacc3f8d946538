"""Tables between stages, checked when they are read."""
