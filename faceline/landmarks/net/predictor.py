"""A trained hourglass, ready to use: photos in, landmarks in the photos' own px out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from faceline.core.columns import POINTS
from faceline.landmarks.net.base import HOURGLASS, PointPredictor
from faceline.landmarks.net.codec import Codec
from faceline.landmarks.net.hourglass import MEAN, STD, HourglassConfig, StackedHourglass, normalised
from faceline.models.header import Header, InputPx
from faceline.models.model_file import load_model, save_model, with_weights


class _Config(BaseModel):
    """`HourglassConfig` as a file holds it, in ranges that fit memory."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    stacks: Annotated[int, Field(ge=1, le=32)]
    channels: Annotated[int, Field(ge=8, le=1024, multiple_of=2)]
    depth: Annotated[int, Field(ge=1, le=8)]
    input_px: InputPx
    sigma_px: Annotated[float, Field(gt=0, le=100)]


class HourglassHeader(Header):
    """The metadata of a landmark net; what every runner of it needs is checked there."""

    config: _Config


class LandmarkPredictor(PointPredictor):
    """The trained net run by PyTorch."""

    def __init__(self, net: StackedHourglass, metadata: Mapping, device: torch.device, path: Path | str = "") -> None:
        super().__init__(path, metadata)
        self.device = device
        self.net = net.to(device).to(memory_format=torch.channels_last).eval()
        self.codec = Codec(self.input_px, float(metadata["config"]["sigma_px"]))

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> LandmarkPredictor:
        """Reads a model file; InputError where it is no hourglass, or one for other points."""
        tensors, metadata = load_model(path, HOURGLASS, HourglassHeader)
        net = with_weights(lambda: StackedHourglass(HourglassConfig(**metadata["config"])), tensors, path)
        return cls(net, metadata, torch.device(device), path)

    @torch.inference_mode()
    def predict_pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inputs = normalised(pixels, self.metadata["mean"], self.metadata["std"], self.device)
        points, scores = self.codec.decode(self.net(inputs)[-1])
        return points.cpu().numpy(), scores.cpu().numpy()


def save_hourglass(
    path: Path, net: StackedHourglass, config: HourglassConfig, *, margin: float, labels: str, training: Mapping
) -> None:
    """Writes a net with all that `LandmarkPredictor` needs, and JSON-able values about its `training`.

    Args:
        margin: `landmarks.margin`: how much round a box the net sees.
        labels: who set the training points: `people`, `dataset`, `unknown` or `synthetic`.
    """
    metadata = {
        "config": asdict(config),
        "input_px": config.input_px,
        "margin": margin,
        "mean": list(MEAN),
        "std": list(STD),
        "points": list(POINTS),
        "labels": labels,
        "synthetic": labels == "synthetic",
        **training,
    }
    save_model(path, HOURGLASS, net.state_dict(), metadata)
