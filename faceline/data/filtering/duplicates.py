"""Near-duplicate photos by their 64-bit hashes."""

from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def duplicate_groups(hashes: np.ndarray, max_bits: int) -> np.ndarray:
    """A group number for each hash: equal for photos linked by steps of at most `max_bits` differing bits.

    Pigeonhole: when at most b of 64 bits differ, at least one of b + 1 bands of bits is equal. Only photos that
    share a band are compared, so 200,000 hashes take seconds rather than hours.

    Args:
        hashes: (n,) uint64.
        max_bits: 0..12; negative puts every photo into a group of its own.

    Returns:
        (n,) int32 labels.
    """
    count = len(hashes)
    if max_bits < 0 or count == 0:
        return np.arange(count, dtype=np.int32)
    pairs = [np.empty((0, 2), np.int64)]
    edges = np.linspace(0, 64, max_bits + 2).astype(int)
    for low, high in pairwise(edges):
        band = (hashes >> np.uint64(low)) & np.uint64(2 ** int(high - low) - 1)
        order = np.argsort(band, kind="stable")
        pairs.extend(_near(hashes, order, band[order], max_bits))
    linked = np.concatenate(pairs)
    graph = coo_array((np.ones(len(linked), np.int8), linked.T), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int32)


def _near(hashes: np.ndarray, order: np.ndarray, band: np.ndarray, max_bits: int) -> list[np.ndarray]:
    """Near pairs among equal bands: each photo against the one `step` places on, for every step a run allows."""
    found = []
    step = 1
    alive = np.arange(len(order) - 1)
    while len(alive):
        alive = alive[alive + step < len(order)]
        alive = alive[band[alive] == band[alive + step]]
        a, b = order[alive], order[alive + step]
        near = np.bitwise_count(hashes[a] ^ hashes[b]) <= max_bits
        found.append(np.stack([a[near], b[near]], axis=1))
        step += 1
    return found
