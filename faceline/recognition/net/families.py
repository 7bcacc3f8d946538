"""Builders that several backbones share, a family each; the libraries' nets keep the libraries' names for weights."""

from collections import OrderedDict
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from faceline.recognition.net.backbone import Backbone

_CHANNELS = (64, 128, 256, 512)
_RESNET_PARTS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


def conv_norm(
    channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1, activation: bool = True
) -> list[nn.Module]:
    """A convolution that pads to keep the size, BatchNorm, and PReLU unless it is a linear end."""
    layers = [
        nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels),
    ]
    return [*layers, nn.PReLU(channels)] if activation else layers


def torchvision_weights(name: str) -> Mapping[str, Tensor]:
    """torchvision's best ImageNet weights of a net, from disk or network."""
    from torchvision import models

    return models.get_model_weights(name).DEFAULT.get_state_dict(progress=False, check_hash=True)


def resnet(name: str) -> Backbone:
    """torchvision's ResNet of that name (He et al., CVPR 2016)."""

    def build(input_px: int, stem_stride: int) -> nn.Module:
        from torchvision import models

        net = models.get_model(name, weights=None)
        net.conv1.stride = (stem_stride, stem_stride)
        return nn.Sequential(OrderedDict((part, getattr(net, part)) for part in _RESNET_PARTS))

    return Backbone(build, "mean", {"imagenet": partial(torchvision_weights, name)})


def efficientnet(name: str) -> Backbone:
    """efficientnet-pytorch's EfficientNet (Tan and Le, ICML 2019), e.g. `efficientnet-b0`."""

    def build(input_px: int, stem_stride: int) -> nn.Module:
        from efficientnet_pytorch import EfficientNet

        class EfficientNetFeatures(EfficientNet):
            forward = EfficientNet.extract_features

        # the library fixes its paddings for an image size, counting on a stem of stride 2
        net = EfficientNetFeatures.from_name(name, image_size=input_px * (2 // stem_stride), include_top=False)
        net.set_swish(memory_efficient=False)  # the other one is a custom function that exporters cannot follow
        if stem_stride == 1:
            net._conv_stem.stride = [1, 1]
            net._conv_stem.static_padding = nn.ZeroPad2d(1)
        return net

    def weights() -> Mapping[str, Tensor]:
        from efficientnet_pytorch.utils import url_map

        return torch.hub.load_state_dict_from_url(url_map[name], map_location="cpu", progress=False)

    return Backbone(build, "mean", {"imagenet": weights})


class Residual(nn.Module):
    """Layers beside a shortcut: the identity, or what is given."""

    def __init__(self, layers: list[nn.Module], shortcut: list[nn.Module]) -> None:
        super().__init__()
        self.residual = nn.Sequential(*layers)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


def iresnet(blocks: tuple[int, int, int, int]) -> Backbone:
    """The improved ResNet of the ArcFace paper: no early pooling, so that a 112 px face ends as a 7 x 7 map.

    With a stem of stride 1 it is the paper's net. With 2 the first stage does not shrink instead: the map stays
    7 x 7 for 112 px.
    """

    def build(input_px: int, stem_stride: int) -> nn.Module:
        layers = conv_norm(3, _CHANNELS[0], 3, stem_stride)
        channels_in = _CHANNELS[0]
        for channels, count, stride in zip(_CHANNELS, blocks, (3 - stem_stride, 2, 2, 2), strict=True):
            layers.append(_iresnet_block(channels_in, channels, stride))
            layers += [_iresnet_block(channels, channels, 1) for _ in range(count - 1)]
            channels_in = channels
        return nn.Sequential(*layers)

    return Backbone(build, "flat")


def _iresnet_block(channels_in: int, channels: int, stride: int) -> Residual:
    """BN - conv - BN - PReLU - conv - BN beside a shortcut (Han et al., CVPR 2017; ArcFace section 3.1)."""
    layers = [
        nn.BatchNorm2d(channels_in),
        *conv_norm(channels_in, channels, 3),
        *conv_norm(channels, channels, 3, stride, activation=False),
    ]
    changes = stride != 1 or channels_in != channels
    return Residual(layers, conv_norm(channels_in, channels, 1, stride, activation=False) if changes else [])


def spherenet(units: tuple[int, int, int, int]) -> Backbone:
    """SphereFace's plain nets (Liu et al., CVPR 2017, table 2) with BatchNorm, which the paper does without.

    Few large convolutions and no pooling suit a CPU. Four convolutions of stride 2, each followed by `units` of two
    convolutions beside the identity, make 7 x 7 of 112 px; a stem of stride 1 leaves 14 x 14.
    """

    def build(input_px: int, stem_stride: int) -> nn.Module:
        layers: list[nn.Module] = []
        channels_in = 3
        for channels, count, stride in zip(_CHANNELS, units, (stem_stride, 2, 2, 2), strict=True):
            layers += conv_norm(channels_in, channels, 3, stride)
            for _ in range(count):
                layers.append(Residual([*conv_norm(channels, channels, 3), *conv_norm(channels, channels, 3)], []))
            channels_in = channels
        return nn.Sequential(*layers)

    return Backbone(build, "flat")
