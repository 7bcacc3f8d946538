"""What losses are made of, and how they are found by name."""
