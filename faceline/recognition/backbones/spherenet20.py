"""SphereFace's net of twenty convolutions."""

from faceline.recognition.net.families import spherenet

BACKBONE = spherenet((1, 2, 4, 1))
