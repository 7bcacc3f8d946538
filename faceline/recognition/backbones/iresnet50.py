"""The improved ResNet-50."""

from faceline.recognition.net.families import iresnet

BACKBONE = iresnet((3, 4, 14, 3))
