"""The net that embeds faces, and its model file."""
