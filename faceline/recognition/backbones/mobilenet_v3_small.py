"""torchvision's MobileNetV3-Small (Howard et al., ICCV 2019), under torchvision's names for weights."""

from collections import OrderedDict
from functools import partial

from torch import nn

from faceline.recognition.net.backbone import Backbone
from faceline.recognition.net.families import torchvision_weights


def _build(input_px: int, stem_stride: int) -> nn.Module:
    from torchvision import models

    features = models.mobilenet_v3_small(weights=None).features
    features[0][0].stride = (stem_stride, stem_stride)
    return nn.Sequential(OrderedDict(features=features))


BACKBONE = Backbone(_build, "mean", {"imagenet": partial(torchvision_weights, "mobilenet_v3_small")})
