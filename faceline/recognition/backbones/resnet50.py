"""ResNet-50."""

from faceline.recognition.net.families import resnet

BACKBONE = resnet("resnet50")
