"""ElasticFace: its parameters and its head."""
