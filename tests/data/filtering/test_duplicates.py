import numpy as np
import pytest

from faceline.data.filtering.duplicates import duplicate_groups


@pytest.mark.parametrize("max_bits", [0, 1, 4, 7])
def test_equals_comparing_everything_with_everything(max_bits):
    rng = np.random.default_rng(max_bits)
    originals = rng.integers(0, 2**64, 60, dtype=np.uint64)
    copies = originals[rng.integers(0, 60, 140)]
    for _ in range(max_bits + 2):
        copies = copies ^ (np.uint64(1) << rng.integers(0, 64, 140, dtype=np.uint64))
    hashes = np.concatenate([originals, copies])
    near = np.bitwise_count(hashes[:, None] ^ hashes[None]) <= max_bits
    reach = np.linalg.matrix_power(near.astype(np.float64), 200) > 0  # linked by any number of steps
    labels = duplicate_groups(hashes, max_bits)
    np.testing.assert_array_equal(labels[:, None] == labels[None], reach)


def test_negative_keeps_everybody_apart():
    assert len(set(duplicate_groups(np.zeros(5, np.uint64), -1))) == 5
