"""Photos of sets larger than memory: read in blocks of a packed set, shuffled in a buffer that memory can hold."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from faceline.imaging.images import at_size, decode_rgb
from faceline.packed.sets import PackedSet


def buffered_order(positions: np.ndarray, blocks: np.ndarray, buffer: int, rng: np.random.Generator) -> np.ndarray:
    """An order in which blocks, read one after the other, pass through a shuffle buffer.

    Blocks come in random order. The buffer is filled with whole blocks until it holds `buffer` positions or more;
    then a random half of it is given out, in random order, and it is filled again. With a buffer for everything the
    order is a random permutation.

    Args:
        positions: (n,) what is put in order, each once.
        blocks: (n,) the block of each.
        buffer: positions; at most a block more are waiting at any time.

    Returns:
        (n,) the positions, each once.
    """
    names, which = np.unique(blocks, return_inverse=True)
    by_block = np.split(positions[np.argsort(which, kind="stable")], np.cumsum(np.bincount(which))[:-1])
    held, given = [], []
    for block in rng.permutation(len(names)):
        held.append(by_block[block])
        if sum(map(len, held)) >= buffer:
            mixed = rng.permutation(np.concatenate(held))
            half = -(-len(mixed) // 2)
            given.append(mixed[:half])
            held = [mixed[half:]]
    return np.concatenate([*given, rng.permutation(np.concatenate(held))])


class FacesStreamed:
    """Photos that stay on disk, of which a buffer's worth is held as files are and decoded by threads.

    `order` says in which order an epoch takes them, and `expect` that it is about to: from then on `batch` reads each
    block once, when its first photo is asked for, and forgets a photo that it has given out. Photos that are not
    expected, say those of an evaluation, are read when they are asked for; in ascending order that is once a block.
    """

    def __init__(self, packed: PackedSet, rows: np.ndarray, px: int, budget_bytes: int, workers: int) -> None:
        """Takes the photos at `rows` (ascending) of a packed set; the buffer holds `budget_bytes` of their files."""
        self._packed, self._rows, self._px = packed, rows, px
        blocks = packed.blocks
        self._block = blocks[rows]
        self._starts = np.searchsorted(blocks, np.arange(blocks[-1] + 1))
        self._buffer = max(1, int(len(packed) * budget_bytes / packed.image_bytes()))
        self._pool = ThreadPoolExecutor(max(1, workers))
        self._expected = np.zeros(len(rows), bool)
        self._waiting: dict[int, bytes] = {}
        self._latest: tuple[int, dict[int, bytes]] = (-1, {})

    @property
    def waiting(self) -> int:
        """Photos held because an epoch is yet to take them."""
        return len(self._waiting)

    def order(self, positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(n,) indices into `positions` in the order in which an epoch is to take them."""
        return buffered_order(np.arange(len(positions)), self._block[positions], self._buffer, rng)

    def expect(self, positions: np.ndarray) -> None:
        """Says what is about to be taken, each once; what was expected before is no longer."""
        self._expected[:] = False
        self._expected[positions] = True
        self._waiting.clear()

    def batch(self, positions: np.ndarray) -> Tensor:
        """(n, 3, px, px) uint8 RGB."""
        encoded = [self._take(int(position)) for position in positions]
        images = list(self._pool.map(lambda one: at_size(decode_rgb(one), self._px), encoded))
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)

    def _take(self, position: int) -> bytes:
        if position not in self._waiting and self._expected[position]:
            block = dict(self._read(self._block[position]))
            self._waiting |= {one: encoded for one, encoded in block.items() if self._expected[one]}
        if position in self._waiting:
            self._expected[position] = False
            return self._waiting.pop(position)
        if self._latest[0] != self._block[position]:
            self._latest = int(self._block[position]), dict(self._read(self._block[position]))
        return self._latest[1][position]

    def _read(self, block: int) -> Iterator[tuple[int, bytes]]:
        """Positions and files of all our photos in a block."""
        files = self._packed.block(int(block))
        for position in range(*np.searchsorted(self._block, [block, block + 1])):
            yield position, files[int(self._rows[position] - self._starts[block])].as_py()
