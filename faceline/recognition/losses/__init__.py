"""Losses, a folder each: its parameters (`params.py`) and its head (`head.py`), with its own batches if need be."""
