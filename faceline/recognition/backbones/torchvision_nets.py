"""torchvision's ResNets and MobileNetV3, up to the map before pooling, under torchvision's own names for weights."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn
from torchvision import models

_RESNET_PARTS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


def resnet(name: str, stem_stride: int) -> nn.Module:
    """`resnet18`, `resnet34` or `resnet50` (He et al., CVPR 2016)."""
    net = models.get_model(name, weights=None)
    net.conv1.stride = (stem_stride, stem_stride)
    return nn.Sequential(OrderedDict((part, getattr(net, part)) for part in _RESNET_PARTS))


def mobilenet_v3_small(stem_stride: int) -> nn.Module:
    """MobileNetV3-Small (Howard et al., ICCV 2019)."""
    features = models.mobilenet_v3_small(weights=None).features
    features[0][0].stride = (stem_stride, stem_stride)
    return nn.Sequential(OrderedDict(features=features))
