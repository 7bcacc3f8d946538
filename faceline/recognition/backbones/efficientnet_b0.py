"""EfficientNet-B0."""

from faceline.recognition.net.families import efficientnet

BACKBONE = efficientnet("efficientnet-b0")
