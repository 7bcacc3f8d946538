"""CelebA's annotation files."""
