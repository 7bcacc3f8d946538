"""Anyone's photos in CelebA's layout: what the chain's own reader makes of the files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tool_fakes import FakeDetector, FakePredictor, face_at

from faceline.annotating.annotate import Annotated, annotate, people_in
from faceline.annotations.celeba import read_annotations
from faceline.boxes.boxes import BoxMap
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS
from faceline.core.errors import FacelineError, InputError
from faceline.imaging.images import decode_rgb
from faceline.photos.photos import open_photos
from faceline.pipeline.face_pipeline import FacePipeline
from faceline.points.points import points_of


def save(path: Path, seed: int, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 256, (300, 260, 3), dtype=np.uint8)
    Image.fromarray(image).save(path, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    turned = Image.Exif()
    turned[0x0112] = 6
    save(tmp_path / "in/Ada/1.jpg", 1)
    save(tmp_path / "in/Ada/2.png", 2)
    save(tmp_path / "in/Ada/turned.jpg", 3, exif=turned)
    save(tmp_path / "in/Bob/1.jpg", 4)
    save(tmp_path / "in/Bob/empty street.jpg", 5)
    (tmp_path / "in/Bob/broken.jpg").write_text("no photo")
    return tmp_path / "in"


def run(folder: Path, out: Path, box_map: BoxMap | None = None) -> Annotated:
    _, box = face_at(1.2, (50, 60))
    _, small = face_at(0.6, (5, 5))
    names = ["Ada/1.jpg", "Ada/2.png", "Ada/turned.jpg"]
    boxes = {str(folder / name): [box] for name in names} | {str(folder / "Bob/1.jpg"): [small, box]}
    pipeline = FacePipeline(FakeDetector(boxes, box_map), FakePredictor())
    return annotate(people_in(folder), pipeline, "align", out)


def test_the_chain_reads_what_was_written(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    report = run(folder, out)
    assert report.photos == {"Ada": 3, "Bob": 1}
    assert report.several_faces == [str(folder / "Bob/1.jpg")]
    assert {Path(photo).name: reason for photo, reason in report.skipped} == {
        "broken.jpg": "not a photo in any known format",
        "empty street.jpg": "no_face",
    }
    paths = [out / report.files[kind] for kind in ("identity", "attributes", "boxes", "landmarks")]
    table = read_annotations(*paths)
    assert table.person.tolist() == [1, 1, 1, 2]
    assert table[list(ATTRIBUTES)].isna().all(axis=None)  # nobody has looked at them
    points, box = face_at(1.2, (50, 60))
    assert np.abs(points_of(table) - points).max() <= 0.51
    assert np.abs(table[BOX_COLUMNS].to_numpy(float) - box).max() <= 1.01
    with open_photos(out / report.files["images"]) as photos:
        assert sorted(table.image_id) == photos.names
        sizes = [decode_rgb(photos.read(name)).shape[:2] for name in table.image_id]
    assert sizes == [(300, 260), (300, 260), (260, 300), (300, 260)]
    who = pd.read_csv(out / "people.csv", dtype={"image_id": str})
    assert who.image_id.tolist() == ["000001.jpg", "000002.png", "000003.jpg", "000004.jpg"]
    assert list(zip(who.person, who["name"], strict=True)) == [(1, "Ada")] * 3 + [(2, "Bob")]
    assert [Path(photo).name for photo in who.photo] == ["1.jpg", "2.png", "turned.jpg", "1.jpg"]


def test_photos_are_kept_as_they_are_unless_turned(folder: Path, tmp_path: Path) -> None:
    report = run(folder, tmp_path / "data")
    with zipfile.ZipFile(tmp_path / "data" / report.files["images"]) as archive:
        kept = [archive.read(member) for member in archive.namelist()]
    originals = [(folder / name).read_bytes() for name in ("Ada/1.jpg", "Ada/2.png", "Ada/turned.jpg", "Bob/1.jpg")]
    assert [a == b for a, b in zip(kept, originals, strict=True)] == [True, True, False, True]


def test_detector_boxes_are_brought_to_celebas_convention(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "plain")
    run(folder, tmp_path / "mapped", BoxMap(0.5, 0.5, 0, 0))
    plain, mapped = (
        np.loadtxt(tmp_path / name / "list_bbox_celeba.txt", skiprows=2, usecols=(3, 4))
        for name in ("plain", "mapped")
    )
    assert mapped == pytest.approx(plain / 2, abs=1.01)


def test_a_photo_whose_name_is_no_text_is_kept_under_one_that_is(folder: Path, tmp_path: Path) -> None:
    (folder / "Ada/2.png").rename(folder / "Ada" / os.fsdecode(b"caf\xe9.png"))
    _, box = face_at(1.2, (50, 60))
    pipeline = FacePipeline(FakeDetector({str(path): [box] for path in (folder / "Ada").iterdir()}), FakePredictor())
    annotate(people_in(folder), pipeline, "align", tmp_path / "data")
    listed = pd.read_csv(tmp_path / "data/people.csv").photo
    assert [Path(photo).name for photo in listed] == ["1.jpg", r"caf\udce9.png", "turned.jpg"]


def test_same_photos_same_bytes(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "a")
    run(folder, tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_folders_without_people(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        people_in(tmp_path / "gone")
    (tmp_path / "Ada").mkdir()
    with pytest.raises(InputError, match="no folders with photos"):
        people_in(tmp_path)


def test_no_face_anywhere_leaves_nothing(tmp_path: Path) -> None:
    save(tmp_path / "in/Ada/1.jpg", 1)
    with pytest.raises(FacelineError, match="no usable face"):
        annotate(people_in(tmp_path / "in"), FacePipeline(FakeDetector({})), "detect", tmp_path / "data")
    assert not (tmp_path / "data").exists()
