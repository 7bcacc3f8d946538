"""From a photo to named faces: reading, detecting, landmarks, alignment, embedding, galleries, exchange formats."""
