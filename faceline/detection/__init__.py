"""What detectors have in common."""
