"""A trained hourglass, ready to use: photos in, landmarks in the photos' own px out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from faceline.core.errors import InputError
from faceline.models.model_file import load_model, save_model
from faceline.geometry.boxes import BoxMap
from faceline.core.columns import POINTS
from faceline.windows.windows import net_view, sample, transform
from faceline.landmarks.net.codec import Codec
from faceline.landmarks.net.hourglass import HourglassConfig, StackedHourglass
from faceline.landmarks.net.pixels import MEAN, STD, normalised

KIND = "hourglass"


class LandmarkPredictor:
    """Predicts five landmarks.

    Attributes:
        input_px: side of the net's input.
        box_map: brings a detector's box to the convention that the net was trained with.
        drawn: whether the net was trained on drawn faces, which says nothing about photos.
        facts: everything the model file says of the net.
    """

    def __init__(self, net: StackedHourglass, facts: Mapping, device: torch.device) -> None:
        self.facts = dict(facts)
        self.input_px = int(facts["input_px"])
        self.box_map = BoxMap.from_facts(facts["box_map"])
        self.drawn = bool(facts["drawn"])
        self.device = device
        self.net = net.to(device=device, memory_format=torch.channels_last).eval()
        self._codec = Codec(self.input_px, float(facts["config"]["sigma_px"]))

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> LandmarkPredictor:
        """Reads a model file.

        Raises:
            InputError: no hourglass model there, or one for other points.
        """
        tensors, facts = load_model(path, KIND)
        if facts["points"] != list(POINTS):
            raise InputError(f"{path}: finds the points {facts['points']}, expected {list(POINTS)}")
        net = StackedHourglass(HourglassConfig(**facts["config"]))
        net.load_state_dict(tensors)
        return cls(net, facts, torch.device(device))

    def view(self, box: np.ndarray) -> np.ndarray:
        """The (2, 3) map from net px to photo px for a box (x, y, width, height) in CelebA's convention, photo px."""
        return net_view(box, self.facts["margin"], self.input_px)

    @torch.inference_mode()
    def predict(
        self, images: Sequence[np.ndarray], to_image: np.ndarray, batch_size: int = 64
    ) -> tuple[np.ndarray, np.ndarray]:
        """Finds the landmarks of one face in each of n images.

        Args:
            images: RGB uint8 arrays of any sizes.
            to_image: (n, 2, 3) maps from net px to image px: where in its image the net is to look.

        Returns:
            (n, 5, 2) points in image px, float64, and (n, 5) scores in 0..1, the heights of the heatmaps' peaks.
        """
        if len(images) != len(to_image):
            raise ValueError(f"{len(images)} images but {len(to_image)} maps")
        points = np.empty((len(images), len(POINTS), 2))
        scores = np.empty((len(images), len(POINTS)))
        for start in range(0, len(images), batch_size):
            part = slice(start, min(start + batch_size, len(images)))
            maps = np.asarray(to_image[part], np.float64)
            pixels = [sample(image, one, self.input_px) for image, one in zip(images[part], maps, strict=True)]
            in_net, heights = self.predict_pixels(np.stack(pixels))
            points[part] = transform(maps, in_net)
            scores[part] = heights
        return points, scores

    @torch.inference_mode()
    def predict_pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points in net px and scores for (n, input_px, input_px, 3) uint8 net inputs, one batch."""
        inputs = normalised(pixels, self.facts["mean"], self.facts["std"], self.device)
        points, scores = self._codec.decode(self.net(inputs)[-1])
        return points.cpu().numpy(), scores.cpu().numpy()


def save_hourglass(
    path: Path,
    net: StackedHourglass,
    config: HourglassConfig,
    *,
    margin: float,
    box_map: BoxMap,
    labels: str,
    drawn: bool,
    training: Mapping,
) -> None:
    """Writes a net with all that `LandmarkPredictor` needs.

    Args:
        margin: `landmarks.margin`: how much round a box the net sees.
        box_map: detector's box -> the convention trained with.
        labels: who set the training points: `people`, `derived` or `drawn`.
        drawn: trained on drawn faces.
        training: JSON-able facts about the training (checkpoint, epoch, ...).
    """
    facts = {
        "config": config.to_facts(),
        "input_px": config.input_px,
        "margin": margin,
        "mean": list(MEAN),
        "std": list(STD),
        "points": list(POINTS),
        "box_map": box_map.to_facts(),
        "labels": labels,
        "drawn": drawn,
        **training,
    }
    save_model(path, KIND, net.state_dict(), facts)
