"""The decoded faces of a landmark set, held ready for training in one flat block of memory or disk."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.geometry.points import points_of
from faceline.imaging.images import decode_all
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.landmarks.training.augmentation import augmented
from faceline.landmarks.training.params import LandmarkAugmentation
from faceline.packed.sets import PackedSet
from faceline.windows.windows import Window, compose, net_view, sample, transform, windows_of

_IN_MEMORY_BYTES = 2**31


class NetInputs:
    """NetInputs of a packed set as net inputs, plain or augmented.

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
        windows = windows_of(self.rows)
        views = [net_view(box, margin, input_px) for box in self.boxes]
        kept = [_kept_px(window, view, closest) for window, view in zip(windows, views, strict=True)]
        self._kept = [Window(w.x, w.y, w.side, px) for w, px in zip(windows, kept, strict=True)]
        from_photo = [window.from_photo() for window in self._kept]
        self._views = np.array([compose(a, b) for a, b in zip(from_photo, views, strict=True)]).reshape(-1, 2, 3)
        self._points = transform(np.array(from_photo).reshape(-1, 2, 3), self.points)
        self._box_px = self.boxes[:, 2:].max(axis=1) / np.array([view[0, 0] for view in views])
        self._starts = np.concatenate([[0], np.cumsum(3 * np.array(kept, np.int64) ** 2)])
        self._pixels = _block(int(self._starts[-1]), scratch)
        images = decode_all(crops.encoded(rows))
        for row, image in enumerate(track(images, "decoding faces", len(self))):
            if len(image) != kept[row]:
                image = cv2.resize(image, (kept[row], kept[row]), interpolation=cv2.INTER_AREA)
            self._pixels[self._starts[row] : self._starts[row + 1]] = image.reshape(-1)

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
            pixels[place], points[place] = augmented(
                np.random.default_rng([*seeds, int(row)]),
                self.image(row),
                self._points[row],
                self._views[row],
                augmentation,
                self._input_px,
                self._box_px[row],
            )
        return pixels, points


def augmented_batches(
    faces: NetInputs,
    parts: Sequence[np.ndarray],
    seeds: tuple[int, ...],
    augmentation: LandmarkAugmentation,
    workers: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yields (rows, pixels, points) for each array of rows, made by `workers` threads a few batches ahead."""

    def make(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return rows, *faces.augmented(rows, seeds, augmentation)

    return ordered_map(make, parts, workers)


def _kept_px(window: Window, view: np.ndarray, closest: float) -> int:
    """The side at which one pixel of the window is one pixel of the net's closest view, if that is smaller."""
    return min(window.stored_px, max(1, round(window.side / (view[0, 0] * closest))))


def _block(size: int, scratch: Path) -> np.ndarray:
    if size <= _IN_MEMORY_BYTES:
        return np.empty(size, np.uint8)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=scratch) as file:
        return np.memmap(file, np.uint8, "w+", shape=size)
