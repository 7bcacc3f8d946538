"""Aligned faces to embeddings."""
