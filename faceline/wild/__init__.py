"""Subjects found in original photos by a detector."""
