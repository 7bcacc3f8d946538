import numpy as np
import pandas as pd
import pytest

from faceline.core.columns import FACE_HASHES, PHOTO_HASHES
from faceline.data.filtering.duplicates import MAX_FACE_BITS, duplicate_groups, near_pairs


def flipped(hashes, bits, rng):
    """Hashes with that many random bits changed."""
    mask = np.zeros((len(hashes), 64 * hashes.shape[1]), np.uint8)
    for row in mask:
        row[rng.choice(mask.shape[1], bits, replace=False)] = 1
    return hashes ^ np.packbits(mask, axis=1).view(np.uint64)


@pytest.mark.parametrize("words", [1, 2])
@pytest.mark.parametrize("max_bits", [0, 1, 4, 7])
def test_equals_comparing_everything_with_everything(max_bits, words):
    rng = np.random.default_rng(max_bits)
    originals = rng.integers(0, 2**64, (60, words), dtype=np.uint64)
    hashes = np.concatenate([originals, *(flipped(originals, bits, rng) for bits in (0, 1, max_bits, max_bits + 1))])
    apart = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=-1)
    wanted = {frozenset(pair) for pair in np.argwhere(apart <= max_bits).tolist() if pair[0] != pair[1]}
    assert {frozenset(pair) for pair in near_pairs(hashes, max_bits).tolist()} == wanted
    assert len(wanted) >= 60


def photos(count, seed=1):
    """Photos that are nothing like each other."""
    columns = [*PHOTO_HASHES, *FACE_HASHES]
    hashes = np.random.default_rng(seed).integers(0, 2**64, (count, len(columns)), dtype=np.uint64)
    return pd.DataFrame(hashes, columns=columns).astype("UInt64")


def groups(table, max_bits=2):
    labels = duplicate_groups(table, max_bits)
    found = {frozenset(np.flatnonzero(labels == label).tolist()) for label in labels}
    return {group for group in found if len(group) > 1}


def test_copies_mirror_images_and_other_crops_are_linked_by_any_number_of_steps():
    table = photos(8)
    assert groups(table) == set()
    table.loc[1, "hash"] = table.loc[0, "hash"] ^ np.uint64(3)  # a copy
    table.loc[2, "hash"] = table.loc[1, "hash_mirrored"]  # a mirror image of the copy
    table.loc[5, ["face_hash", "head_hash"]] = table.loc[4, ["face_hash", "head_hash"]]  # another crop
    mirrored = table.loc[4, ["face_hash_mirrored", "head_hash_mirrored"]].to_numpy()
    table.loc[6, ["face_hash", "head_hash"]] = mirrored  # its mirror image
    table.loc[7, "face_hash"] = table.loc[4, "face_hash"]  # a face alike, with something else round it
    assert groups(table) == {frozenset({0, 1, 2}), frozenset({4, 5, 6})}
    assert groups(table, 1) == {frozenset({1, 2}), frozenset({4, 5, 6})}


@pytest.mark.parametrize(("max_bits", "allowed"), [(0, 0), (2, 4), (4, 8), (12, MAX_FACE_BITS)])
def test_a_face_may_differ_in_twice_as_many_bits_up_to_a_limit(max_bits, allowed):
    columns = ["face_hash", "head_hash"]
    for bits in (allowed, allowed + 1):
        table = photos(2)
        plain = table.loc[[0], columns].to_numpy(np.uint64)
        changed = flipped(plain, bits, np.random.default_rng(2))[0]
        table.loc[1, columns] = pd.array(changed, "UInt64")
        assert bool(groups(table, max_bits)) == (bits == allowed)


def test_photos_without_hashes_are_like_no_other():
    table = photos(4)
    table.loc[:, FACE_HASHES] = pd.NA
    table.loc[2:, PHOTO_HASHES] = pd.NA
    assert groups(table, 12) == set()
    assert len(set(duplicate_groups(table.iloc[:0], 2))) == 0


def test_negative_keeps_everybody_apart():
    table = photos(1)
    assert len(set(duplicate_groups(pd.concat([table] * 5, ignore_index=True), -1))) == 5
