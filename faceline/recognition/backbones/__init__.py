"""Backbones by name: from normalised photos to a map of features.

The libraries behind them take seconds to import, so each is loaded when a net of its own is built.
"""

from __future__ import annotations

from torch import nn


def build_trunk(backbone: str, input_px: int, stem_stride: int) -> nn.Module:
    """A net (n, 3, input_px, input_px) -> (n, channels, h, w); weights are drawn from torch's seed.

    Args:
        backbone: one of `faceline.core.params.BACKBONES`.
        stem_stride: of the first convolution; 1 doubles the map (the iresnets keep theirs).
    """
    if backbone.startswith("iresnet"):
        from faceline.recognition.backbones.iresnet import iresnet

        return iresnet(backbone, stem_stride)
    if backbone.startswith("spherenet"):
        from faceline.recognition.backbones.spherenet import spherenet

        return spherenet(backbone, stem_stride)
    if backbone == "mobilefacenet":
        from faceline.recognition.backbones.mobilefacenet import mobilefacenet

        return mobilefacenet(stem_stride)
    if backbone == "inception_resnet_v1":
        from faceline.recognition.backbones.inception import InceptionFeatures

        return InceptionFeatures(stem_stride)
    if backbone.startswith("efficientnet"):
        from faceline.recognition.backbones.efficientnet import EfficientNetFeatures

        return EfficientNetFeatures.build(backbone.replace("_", "-"), input_px, stem_stride)
    from faceline.recognition.backbones.torchvision_nets import mobilenet_v3_small, resnet

    return mobilenet_v3_small(stem_stride) if backbone == "mobilenet_v3_small" else resnet(backbone, stem_stride)
