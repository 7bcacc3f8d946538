"""Backbones, one file each: how it is built, how its map is pooled, and which weights are published for it."""
