"""From a photo to found, aligned and embedded faces: reading, detecting, landmarks, alignment, embedding."""
