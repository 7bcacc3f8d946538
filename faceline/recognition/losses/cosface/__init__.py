"""CosFace: its parameters and its head."""
