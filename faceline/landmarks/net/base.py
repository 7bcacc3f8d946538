"""What every runner of the landmark net has in common, whatever library runs the net."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from faceline.core.columns import POINTS
from faceline.core.errors import InputError
from faceline.windows.windows import net_view, sample, transform

HOURGLASS = "hourglass"


class PointPredictor(ABC):
    """Predicts five landmarks.

    Attributes:
        metadata: everything the model file says of the net.
        input_px: side of the net's input.
        synthetic: whether the net was trained on photos that the project made, which says nothing about others.
    """

    def __init__(self, path: Path | str, metadata: Mapping) -> None:
        """Raises InputError when the model at `path` is for other points."""
        if metadata.get("points") != list(POINTS):
            found = str(metadata.get("points"))[:200]
            raise InputError(f"{path}: finds the points {found}, expected {list(POINTS)}")
        margin = metadata.get("margin")
        if not isinstance(margin, int | float) or not -0.5 < margin <= 1:
            raise InputError(f"{path}: its metadata: margin is {str(margin)[:80]}, expected -0.5 to 1")
        self.metadata = dict(metadata)
        self.input_px = int(metadata["input_px"])
        self.synthetic = bool(metadata["synthetic"])

    def view(self, box: np.ndarray) -> np.ndarray:
        """The (2, 3) map from net px to photo px for a box (x, y, width, height) in CelebA's convention, photo px."""
        return net_view(box, self.metadata["margin"], self.input_px)

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
        points, scores = np.empty((len(images), len(POINTS), 2)), np.empty((len(images), len(POINTS)))
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            maps = np.asarray(to_image[part], np.float64)
            pixels = [sample(image, one, self.input_px) for image, one in zip(images[part], maps, strict=True)]
            in_net, scores[part] = self.predict_pixels(np.stack(pixels))
            points[part] = transform(maps, in_net)
        return points, scores

    @abstractmethod
    def predict_pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points in net px and scores for (n, input_px, input_px, 3) uint8 net inputs, one batch."""
