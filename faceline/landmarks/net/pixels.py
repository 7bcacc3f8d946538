"""From RGB bytes to what the landmark net reads."""

import numpy as np
import torch

MEAN = (0.5, 0.5, 0.5)  # of RGB values scaled to 0..1
STD = (0.25, 0.25, 0.25)


def normalised(images: np.ndarray, mean: tuple, std: tuple, device: torch.device) -> torch.Tensor:
    """(n, h, w, 3) uint8 RGB as (n, 3, h, w) float32, channels last in memory.

    Values are scaled to 0..1, then `mean` is taken off and they are divided by `std`.
    """
    tensor = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()
    scale = 255 * torch.tensor(std, device=device).view(1, 3, 1, 1)
    offset = 255 * torch.tensor(mean, device=device).view(1, 3, 1, 1)
    return (tensor - offset) / scale
