"""Face boxes: x, y, width, height in px, pixel centres at integers."""
