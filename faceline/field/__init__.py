"""Models from the field: what is known of each, and where its file lies."""
