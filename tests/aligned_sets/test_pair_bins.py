import os
import pickle

import numpy as np
import pytest
from record_files import pickled_in_python_2, tile

from faceline.aligned_sets.pair_bins import read_pair_bin
from faceline.core.errors import InputError

IMAGES = [tile(seed) for seed in range(24)]
SAME = [True, False, False] * 4


def written(path, content):
    path.write_bytes(content)
    return path


def test_a_file_of_python_2_byte_by_byte(tmp_path):
    read = read_pair_bin(written(tmp_path / "lfw.bin", pickled_in_python_2(IMAGES, SAME)))
    assert read.images == IMAGES
    assert read.same.tolist() == SAME
    assert read.folds.tolist() == [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("images", "same"),
    [
        (IMAGES, SAME),
        (IMAGES, np.array(SAME)),
        (IMAGES, list(np.array(SAME))),
        (IMAGES, [int(one) for one in SAME]),
        ([np.frombuffer(image, np.uint8) for image in IMAGES], SAME),
    ],
    ids=["lists", "array", "numpy's bools", "numbers", "arrays of bytes"],
)
def test_whatever_protocol_and_form(tmp_path, protocol, images, same):
    read = read_pair_bin(written(tmp_path / "x.bin", pickle.dumps((images, same), protocol)))
    assert read.images == IMAGES
    assert read.same.tolist() == SAME


class Harmful:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("call", [(os.mkdir, ("made",)), (eval, ("1",)), (bytes, (10**9,)), (getattr, (str, "mro"))])
def test_nothing_is_called_that_a_pickle_asks_for(tmp_path, monkeypatch, protocol, call):
    monkeypatch.chdir(tmp_path)
    for harmful in ((Harmful(*call), SAME), ([*IMAGES[:-1], Harmful(*call)], SAME), ([IMAGES, Harmful(*call)])):
        path = written(tmp_path / "x.bin", pickle.dumps(harmful, protocol))
        with pytest.raises(InputError, match="has no place in a pair set"):
            read_pair_bin(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickled_in_python_2(IMAGES, SAME)[:-500], "cannot be read as a pair set"),
        (b"", "cannot be read as a pair set"),
        (b"no pickle", "cannot be read as a pair set"),
        (pickle.dumps(IMAGES), "expected a list of images and one"),
        (pickle.dumps((IMAGES, "yes")), "expected a list of images and one"),
        (pickle.dumps((IMAGES[:-1], SAME)), "23 images for 12 pairs"),
        (pickle.dumps(([*IMAGES[:-1], 7], SAME)), "image 23 is int"),
        (pickle.dumps((IMAGES, [*SAME[:-1], 2])), "pair 11 is neither same nor different: 2"),
        (pickle.dumps((IMAGES[:18], SAME[:9])), "9 pairs; the protocol needs"),
        (pickle.dumps((np.zeros((2, 3)), SAME)), "array of 'f8'"),
        (pickle.dumps(([np.zeros((2, 3), np.uint8)] * 24, SAME)), r"array of shape \(2, 3\)"),
        (pickle.dumps((np.array([None]), SAME)), "array of 'O8'"),
    ],
)
def test_each_fault_is_named(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read_pair_bin(written(tmp_path / "x.bin", content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file; expected a pair set"):
        read_pair_bin(tmp_path / "x.bin")
