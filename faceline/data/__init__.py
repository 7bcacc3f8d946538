"""CelebA's photos: what they are, which are used, and their crops."""
