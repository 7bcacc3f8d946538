"""The decoded faces of a landmark set, held ready for training in one flat block of memory or disk."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.imaging.images import at_size, decode_all
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.landmarks.training.augmentation import augmented
from faceline.landmarks.training.params import LandmarkAugmentation
from faceline.packed.sets import PackedSet
from faceline.points.points import points_of
from faceline.windows.windows import compose, net_view, sample, transform, windows_of

_IN_MEMORY_BYTES = 2**31


class NetInputs:
    """Faces of a packed set as net inputs, plain or augmented.

    Windows are kept at no more pixels than the net's closest view can show. Sets over 2 GB lie in an unnamed
    temporary file in `scratch`, which the system's page cache serves and a killed process leaves nothing of.

    Attributes:
        rows: the chosen rows, index 0..n-1.
        points: (n, 5, 2) annotated landmarks in photo px.
        boxes: (n, 4) annotated boxes in photo px.
    """

    def __init__(
        self, crops: PackedSet, rows: np.ndarray, margin: float, input_px: int, closest: float, scratch: Path
    ) -> None:
        """Decodes the faces at `rows` (ascending positions in the set).

        Args:
            margin: `landmarks.margin`.
            closest: the smallest scale at which a view may look, 1 - `landmarks.augmentation.scale`.
            scratch: folder for the temporary file.
        """
        self.rows = crops.rows.iloc[rows].reset_index(drop=True)
        self.points = points_of(self.rows)
        self.boxes = self.rows[BOX_COLUMNS].to_numpy(np.float64)
        self._input_px = input_px
        views = net_view(self.boxes, margin, input_px)
        self._kept = []
        for window, view in zip(windows_of(self.rows), views, strict=True):
            # one pixel of the window as one of the net's closest view
            px = round(window.side / (view[0, 0] * closest))
            self._kept.append(replace(window, stored_px=min(window.stored_px, max(1, px))))
        from_photo = np.array([window.from_photo() for window in self._kept])
        self._views = compose(from_photo, views)
        self._points = transform(from_photo, self.points)
        self._box_px = self.boxes[:, 2:].max(axis=1) / views[:, 0, 0]
        sides = np.array([window.stored_px for window in self._kept])
        self._starts = np.concatenate([[0], np.cumsum(3 * sides**2)])
        self._pixels = _block(int(self._starts[-1]), scratch)
        images = decode_all(crops.encoded(rows))
        for row, image in enumerate(track(images, "decoding faces", len(self))):
            self._pixels[self._starts[row] : self._starts[row + 1]] = at_size(image, int(sides[row])).reshape(-1)

    def __len__(self) -> int:
        return len(self.rows)

    def image(self, row: int) -> np.ndarray:
        """The kept window of a face, RGB uint8."""
        side = self._kept[row].stored_px
        return self._pixels[self._starts[row] : self._starts[row + 1]].reshape(side, side, 3)

    def plain(self, rows: np.ndarray) -> np.ndarray:
        """(n, input_px, input_px, 3) uint8 net inputs of faces as their boxes frame them."""
        return np.stack([sample(self.image(row), self._views[row], self._input_px) for row in rows])

    def to_photo(self, rows: np.ndarray) -> np.ndarray:
        """(n, 2, 3) maps from the px of `plain` to photo px."""
        return np.stack([compose(self._kept[row].to_photo(), self._views[row]) for row in rows])

    def augmented(
        self, rows: np.ndarray, seeds: tuple[int, ...], augmentation: LandmarkAugmentation
    ) -> tuple[np.ndarray, np.ndarray]:
        """Random net inputs and their landmarks in net px.

        A face's randomness comes from `seeds` and its row alone, whatever the batch and the thread.

        Returns:
            (n, input_px, input_px, 3) uint8 and (n, 5, 2) float32.
        """
        pixels = np.empty((len(rows), self._input_px, self._input_px, 3), np.uint8)
        points = np.empty((len(rows), len(POINTS), 2), np.float32)
        for place, row in enumerate(rows):
            rng = np.random.default_rng([*seeds, int(row)])
            face = self.image(row), self._points[row], self._views[row]
            pixels[place], points[place] = augmented(rng, *face, augmentation, self._input_px, self._box_px[row])
        return pixels, points

    def batches(
        self, parts: Sequence[np.ndarray], seeds: tuple[int, ...], augmentation: LandmarkAugmentation, workers: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yields (rows, pixels, points) for each array of rows, made by `workers` threads a few batches ahead."""
        return ordered_map(lambda rows: (rows, *self.augmented(rows, seeds, augmentation)), parts, workers)


def _block(size: int, scratch: Path) -> np.ndarray:
    if size <= _IN_MEMORY_BYTES:
        return np.empty(size, np.uint8)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=scratch) as file:
        return np.memmap(file, np.uint8, "w+", shape=size)
