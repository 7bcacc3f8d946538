"""What a detector finds on the faces of a landmark set."""
