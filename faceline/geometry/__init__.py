"""Landmarks and boxes. Coordinates are (x, y) in px, pixel centres at integers."""
