"""Groups of unknown faces, and how well they agree with who is in them."""
