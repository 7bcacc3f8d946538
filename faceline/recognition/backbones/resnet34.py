"""ResNet-34."""

from faceline.recognition.net.families import resnet

BACKBONE = resnet("resnet34")
