"""The stacked hourglass of Newell, Yang and Deng (ECCV 2016), with a stem light enough for a CPU."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from faceline.core.columns import POINTS

MEAN = (0.5, 0.5, 0.5)  # of RGB values scaled to 0..1
STD = (0.25, 0.25, 0.25)


@dataclass(frozen=True)
class HourglassConfig:
    """What a net is rebuilt from; stored in its model file."""

    stacks: int
    channels: int
    depth: int
    input_px: int
    sigma_px: float


class Residual(nn.Module):
    """A pre-activated bottleneck: 1 x 1, 3 x 3 and 1 x 1 convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.branch = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.branch(features)


class Hourglass(nn.Module):
    """Down by halves and up again, with a side path at every size."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.side = Residual(channels)
        self.down = Residual(channels)
        self.inner = Hourglass(channels, depth - 1) if depth > 1 else Residual(channels)
        self.up = Residual(channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        low = self.up(self.inner(self.down(functional.max_pool2d(features, 2))))
        return self.side(features) + functional.interpolate(low, scale_factor=2, mode="nearest")


class StackedHourglass(nn.Module):
    """Hourglasses one after another; each but the last hands its features and heatmaps on."""

    def __init__(self, config: HourglassConfig) -> None:
        super().__init__()
        width = config.channels
        self.stem = nn.Sequential(
            nn.Conv2d(3, width // 2, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(width // 2, width, 3, stride=2, padding=1),
            Residual(width),
            Residual(width),
        )
        self.hourglasses = nn.ModuleList(Hourglass(width, config.depth) for _ in range(config.stacks))
        self.features = nn.ModuleList(
            nn.Sequential(
                Residual(width), nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
            )
            for _ in range(config.stacks)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, len(POINTS), 1) for _ in range(config.stacks))
        self.merge_features = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(config.stacks - 1))
        self.merge_heatmaps = nn.ModuleList(nn.Conv2d(len(POINTS), width, 1) for _ in range(config.stacks - 1))
        for head in self.heads:
            # almost every pixel of a target is 0: start there
            nn.init.normal_(head.get_parameter("weight"), std=1e-3)
            nn.init.zeros_(head.get_parameter("bias"))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """(n, 3, px, px) normalised images to (n, 5, px / 4, px / 4) heatmaps of every stack, the best last."""
        carried = self.stem(images)
        heatmaps = []
        for stack, hourglass in enumerate(self.hourglasses):
            features = self.features[stack](hourglass(carried))
            heatmaps.append(self.heads[stack](features))
            if stack < len(self.merge_features):
                carried = carried + self.merge_features[stack](features) + self.merge_heatmaps[stack](heatmaps[-1])
        return heatmaps


def normalised(images: np.ndarray | torch.Tensor, mean: tuple, std: tuple, device: torch.device) -> torch.Tensor:
    """(n, h, w, 3) uint8 RGB in 0..1, less `mean`, over `std`: (n, 3, h, w) float32, channels last in memory."""
    tensor = torch.as_tensor(images).to(device).permute(0, 3, 1, 2).float()
    return (tensor - _levels(tuple(mean), device)) / _levels(tuple(std), device)


@cache
def _levels(of_channels: tuple, device: torch.device) -> torch.Tensor:
    """(1, 3, 1, 1) grey levels; kept on the device, because each copy to it would be waited for."""
    return 255 * torch.tensor(of_channels, device=device).view(1, 3, 1, 1)
