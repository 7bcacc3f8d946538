"""EfficientNet-B1."""

from faceline.recognition.net.families import efficientnet

BACKBONE = efficientnet("efficientnet-b1")
