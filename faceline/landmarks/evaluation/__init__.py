"""How well landmarks are found."""
