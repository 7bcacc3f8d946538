"""The evaluation of faces that a detector found in the original photos."""
