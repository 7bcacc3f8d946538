"""ResNet-18."""

from faceline.recognition.net.families import resnet

BACKBONE = resnet("resnet18")
