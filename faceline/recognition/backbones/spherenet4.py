"""SphereFace's net of four convolutions."""

from faceline.recognition.net.families import spherenet

BACKBONE = spherenet((0, 0, 0, 0))
