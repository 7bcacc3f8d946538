"""CelebA's files: annotations, photos, what is wrong with them, and which of them a run uses."""
