"""Where training and validation get their photos from: all decoded in memory, or decoded batch by batch."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from faceline.imaging.images import at_size, decode_all, decode_rgb
from faceline.imaging.progress import track
from faceline.packed.sets import PackedSet

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")


class Faces(Protocol):
    """Photos by position."""

    def batch(self, positions: np.ndarray) -> Tensor:
        """(n, 3, px, px) uint8 RGB."""
        ...


class FacesInMemory:
    """Photos decoded once; on a GPU they lie in its memory."""

    def __init__(self, images: Tensor) -> None:
        self._images = images

    def batch(self, positions: np.ndarray) -> Tensor:
        if self._images.is_cuda:
            return self._images[torch.as_tensor(positions, device=self._images.device)]
        # Not torch's indexing: in the thread that works ahead it would start a second team of OpenMP threads, and
        # with more of those than cores libgomp lets none of them wait actively: every operation of the training
        # would be slower by the time it takes to wake a thread.
        return torch.from_numpy(self._images.numpy()[positions])


class FacesDecoded:
    """Photos kept as files are, decoded anew each time by threads."""

    def __init__(self, encoded: Sequence[bytes], px: int, workers: int) -> None:
        self._encoded = encoded
        self._px = px
        self._pool = ThreadPoolExecutor(max(1, workers))

    def batch(self, positions: np.ndarray) -> Tensor:
        images = list(self._pool.map(self._decode, positions))
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)

    def _decode(self, position: int) -> np.ndarray:
        return at_size(decode_rgb(self._encoded[position]), self._px)


def open_faces(
    packed: PackedSet, rows: np.ndarray, px: int, budget_mb: int, workers: int, device: torch.device
) -> Faces:
    """Photos of `rows` (ascending) of a packed set, at `px`, by position in `rows`.

    They are decoded into memory where that takes at most `budget_mb`; which of the two it is changes no value.
    """
    if len(rows) * 3 * px**2 > budget_mb * 2**20:
        return FacesDecoded(list(packed.encoded(rows)), px, workers)
    images = torch.empty(len(rows), 3, px, px, dtype=torch.uint8)
    decoded = decode_all(packed.encoded(rows), workers)
    for position, image in enumerate(track(decoded, "reading faces", len(rows))):
        images[position] = torch.from_numpy(at_size(image, px)).permute(2, 0, 1)
    return FacesInMemory(images.to(device))


def prefetched(load: Callable[[Item], Loaded], items: Iterable[Item], ahead: int = 2) -> Iterator[Loaded]:
    """`map(load, items)` in order, with a thread working up to `ahead` items in front."""
    waiting: deque = deque()
    with ThreadPoolExecutor(1) as pool:
        for item in items:
            waiting.append(pool.submit(load, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
