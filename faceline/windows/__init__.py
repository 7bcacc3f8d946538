"""Square windows of photos."""
