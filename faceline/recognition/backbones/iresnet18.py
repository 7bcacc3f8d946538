"""The improved ResNet-18."""

from faceline.recognition.net.families import iresnet

BACKBONE = iresnet((2, 2, 2, 2))
