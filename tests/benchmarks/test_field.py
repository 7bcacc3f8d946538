"""The two ways that are timed against each other give the same faces."""

from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from benchmarks.field import ours, usual


def test_both_ways_embed_the_same_faces(field_cache: Path, tmp_path: Path) -> None:
    photo = skimage.data.astronaut()
    Image.fromarray(np.hstack([photo[:300, 80:380], photo[:300, 60:360]])).save(tmp_path / "two.png")
    Image.fromarray(photo[300:]).save(tmp_path / "none.png")
    paths = [tmp_path / "two.png", tmp_path / "none.png"]
    (_, theirs), (_, mine) = usual(paths), ours(paths)
    theirs = np.array(theirs) / np.linalg.norm(theirs, axis=1, keepdims=True)
    similarity = np.array(mine) @ theirs.T
    assert similarity.shape == (2, 2)
    assert similarity.max(axis=1).min() > 0.99
