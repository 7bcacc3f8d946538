"""Points, boxes, windows, similarities and alignment. Coordinates are (x, y) in px, pixel centres at integers."""
