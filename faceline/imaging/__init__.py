"""Image bytes to arrays and back, many of them in order, with progress."""
