"""The improved ResNet of the ArcFace paper: no early pooling, so that a 112 px face ends as a 7 x 7 map."""

from __future__ import annotations

from torch import Tensor, nn

_CHANNELS = (64, 128, 256, 512)
_BLOCKS = {"iresnet18": (2, 2, 2, 2), "iresnet50": (3, 4, 14, 3)}


class IResNetBlock(nn.Module):
    """BN - conv - BN - PReLU - conv - BN beside a shortcut (Han et al., CVPR 2017; ArcFace section 3.1)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.BatchNorm2d(channels_in),
            nn.Conv2d(channels_in, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


def iresnet(name: str, stem_stride: int) -> nn.Module:
    """`iresnet18` or `iresnet50`.

    With a stem of stride 1 it is the paper's net. With 2 the first stage does not shrink instead: the map stays
    7 x 7 for 112 px, at a third of the cost.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(3, _CHANNELS[0], 3, stem_stride, 1, bias=False),
        nn.BatchNorm2d(_CHANNELS[0]),
        nn.PReLU(_CHANNELS[0]),
    ]
    channels_in = _CHANNELS[0]
    strides = (3 - stem_stride, 2, 2, 2)
    for channels, blocks, stride in zip(_CHANNELS, _BLOCKS[name], strides, strict=True):
        for index in range(blocks):
            layers.append(IResNetBlock(channels_in, channels, stride if index == 0 else 1))
            channels_in = channels
    return nn.Sequential(*layers)
