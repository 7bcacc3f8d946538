"""The five landmarks. Coordinates are (x, y) in px, pixel centres at integers."""
