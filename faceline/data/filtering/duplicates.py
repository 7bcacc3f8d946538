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
        band = band[order]
        step, alive = 1, np.arange(count - 1)
        while len(alive):  # each photo against the one `step` places on, while both have this band
            alive = alive[alive + step < count]
            alive = alive[band[alive] == band[alive + step]]
            near = np.stack([order[alive], order[alive + step]], axis=1)
            pairs.append(near[np.bitwise_count(np.bitwise_xor(*hashes[near].T)) <= max_bits])
            step += 1
    linked = np.concatenate(pairs)
    graph = coo_array((np.ones(len(linked), np.int8), linked.T), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int32)
