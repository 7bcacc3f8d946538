"""MobileFaceNet: a small net that keeps apart the places of its last map (Chen et al., CCBR 2018)."""

from torch import Tensor, nn

from faceline.recognition.net.backbone import Backbone
from faceline.recognition.net.families import conv_norm

# expansion, channels, repeats, stride of the first (table 1)
_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


class Bottleneck(nn.Module):
    """Inverted residual with PReLU and a linear end."""

    def __init__(self, channels_in: int, channels: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.adds = stride == 1 and channels_in == channels
        self.layers = nn.Sequential(
            *conv_norm(channels_in, wide, kernel=1),
            *conv_norm(wide, wide, kernel=3, stride=stride, groups=wide),
            *conv_norm(wide, channels, kernel=1, activation=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.adds else self.layers(x)


def _build(input_px: int, stem_stride: int) -> nn.Module:
    """Everything up to the map of 512 channels; the stem has stride 2 in the paper."""
    layers = [*conv_norm(3, 64, kernel=3, stride=stem_stride), *conv_norm(64, 64, kernel=3, groups=64)]
    channels_in = 64
    for expansion, channels, repeats, stride in _STAGES:
        for index in range(repeats):
            layers.append(Bottleneck(channels_in, channels, expansion, stride if index == 0 else 1))
            channels_in = channels
    return nn.Sequential(*layers, *conv_norm(channels_in, 512, kernel=1))


BACKBONE = Backbone(_build, "depthwise")
