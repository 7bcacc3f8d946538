"""Near-duplicate photos by their perceptual hashes."""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from faceline.core.columns import FACE_HASHES, PHOTO_HASHES

# of 128, at most, whatever `max_bits`: aligned faces are alike, so that more bits would soon link different photos
MAX_FACE_BITS = 8


def duplicate_groups(photos: pd.DataFrame, max_bits: int) -> np.ndarray:
    """A group number for each photo: equal for photos linked by steps of near-duplicates, mirror images included.

    Two photos are near-duplicates when the hashes of the whole photos differ in at most `max_bits` of 64 bits, or
    those of face and head together in at most twice as many of 128, but no more than `MAX_FACE_BITS`.

    Args:
        photos: n rows with the hash columns; NA where there is no hash.
        max_bits: 0..12; negative puts every photo into a group of its own.

    Returns:
        (n,) int32 labels.
    """
    linked = [np.empty((0, 2), np.int64)]
    if max_bits >= 0:
        linked.append(_linked(photos, PHOTO_HASHES, max_bits))
        linked.append(_linked(photos, FACE_HASHES, min(2 * max_bits, MAX_FACE_BITS)))
    pairs = np.concatenate(linked)
    graph = coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(len(photos), len(photos)))
    return connected_components(graph, directed=False)[1].astype(np.int32)


def _linked(photos: pd.DataFrame, columns: tuple[str, ...], max_bits: int) -> np.ndarray:
    """(m, 2) rows whose hashes, or the hash of one and the mirrored hash of the other, are near each other."""
    known = np.flatnonzero(photos[list(columns)].notna().all(axis=1))
    plain, mirrored = (photos[list(columns[side::2])].iloc[known].to_numpy(np.uint64) for side in (0, 1))
    near = near_pairs(np.concatenate([plain, mirrored]), max_bits)
    return known[near % max(1, len(known))]


def near_pairs(hashes: np.ndarray, max_bits: int) -> np.ndarray:
    """(m, 2) positions of hashes that differ in at most `max_bits` bits; a pair may come more than once.

    Pigeonhole: when at most b bits differ, at least one of b + 1 bands of bits is equal. Only hashes that share a
    band are compared, so 200,000 of them take seconds rather than hours.

    Args:
        hashes: (n, words) uint64.
    """
    count, words = hashes.shape
    bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8), axis=1)
    pairs = [np.empty((0, 2), np.int64)]
    for low, high in pairwise(np.linspace(0, 64 * words, max_bits + 2).astype(int)):
        packed = np.packbits(bits[:, low:high], axis=1)
        band = np.unique(packed, axis=0, return_inverse=True)[1].ravel() if count else np.empty(0, int)
        order = np.argsort(band, kind="stable")
        band = band[order]
        step, alive = 1, np.arange(count - 1)
        while len(alive):  # each hash against the one `step` places on, while both have this band
            alive = alive[alive + step < count]
            alive = alive[band[alive] == band[alive + step]]
            near = np.stack([order[alive], order[alive + step]], axis=1)
            apart = np.bitwise_count(np.bitwise_xor(*hashes[near.T])).sum(axis=-1)
            pairs.append(near[apart <= max_bits])
            step += 1
    return np.concatenate(pairs)
