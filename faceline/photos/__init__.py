"""Photos in a folder or an archive."""
