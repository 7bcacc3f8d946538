"""SphereFace's plain nets: few large convolutions and no pooling, the most a CPU can make of its time."""

from __future__ import annotations

from torch import Tensor, nn

_CHANNELS = (64, 128, 256, 512)
# residual units after each strided convolution (Liu et al., CVPR 2017, table 2)
_UNITS = {"spherenet4": (0, 0, 0, 0), "spherenet20": (1, 2, 4, 1)}


class ResidualUnit(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_conv(channels, channels, 1), *_conv(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def spherenet(name: str, stem_stride: int) -> nn.Module:
    """`spherenet4` or `spherenet20`, up to the map of 512 channels; with BatchNorm, which the paper does without.

    Four convolutions of stride 2 make 7 x 7 of 112 px; a stem of stride 1 leaves 14 x 14.
    """
    layers: list[nn.Module] = []
    channels_in, strides = 3, (stem_stride, 2, 2, 2)
    for channels, stride, units in zip(_CHANNELS, strides, _UNITS[name], strict=True):
        layers += [*_conv(channels_in, channels, stride), *(ResidualUnit(channels) for _ in range(units))]
        channels_in = channels
    return nn.Sequential(*layers)


def _conv(channels_in: int, channels: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.PReLU(channels),
    ]
