"""A packed set as a tree of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faceline.core.errors import InputError
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.packed.sets import PackedWriter
from faceline.pipeline.export_images import export_images


def pack(folder: Path, rows: pd.DataFrame) -> list[bytes]:
    folder.mkdir()
    rng = np.random.default_rng(0)
    images = [encode_jpeg(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8), 95) for _ in range(len(rows))]
    with PackedWriter(folder) as writer:
        writer.write(rows, images)
    return images


def test_a_folder_for_each_person(tmp_path: Path) -> None:
    rows = pd.DataFrame({"image_id": ["a.jpg", "b.png", "c.jpg"], "person": [7, 7, 9], "role": ["dev"] * 3})
    images = pack(tmp_path / "set", rows)
    assert export_images(tmp_path / "set", tmp_path / "out") == 3
    files = [tmp_path / "out" / name for name in ("7/a.jpg", "7/b.jpg", "9/c.jpg")]
    assert [file.read_bytes() for file in files] == images
    assert decode_rgb(files[0].read_bytes()).shape == (16, 16, 3)
    table = pd.read_csv(tmp_path / "out" / "rows.csv")
    assert table.file.tolist() == ["7/a.jpg", "7/b.jpg", "9/c.jpg"]
    assert table.image_id.tolist() == rows.image_id.tolist()


def test_names_stay_inside_the_folder(tmp_path: Path) -> None:
    rows = pd.DataFrame({"image_id": ["..x.jpg", "y.jpg", "z.jpg"], "person": ["..", "", "a/b"]})
    pack(tmp_path / "set", rows)
    export_images(tmp_path / "set", tmp_path / "out")
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg")}
    assert found == {"out/_/_x.jpg", "out/nobody/y.jpg", "out/a_b/z.jpg"}
    pack(tmp_path / "paths", rows.assign(image_id=["../x.jpg", "y.jpg", "z.jpg"]))
    with pytest.raises(InputError, match=r"\.\./x\.jpg"):
        export_images(tmp_path / "paths", tmp_path / "other")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    pack(tmp_path / "set", pd.DataFrame({"image_id": ["a.jpg"], "person": [1]}))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").touch()
    with pytest.raises(InputError, match="not empty"):
        export_images(tmp_path / "set", tmp_path / "out")
    with pytest.raises(InputError, match="no packed image set"):
        export_images(tmp_path / "gone", tmp_path / "new")
