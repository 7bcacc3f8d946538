"""faceline: a reproducible face-recognition pipeline, from CelebA's own files to names in a photo."""
