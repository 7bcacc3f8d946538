"""The stage in an empty folder: who is found, who is not and why, and what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tool_fakes import FakeDetector, FakePredictor, face_at, paint_face

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.geometry.template import template
from faceline.boxes.boxes import BoxMap, iou
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS
from faceline.core.errors import FacelineError, InputError
from faceline.data.crops.params import CropParams
from faceline.detection.detections import Detections, write_box_map
from faceline.engines.params import EngineParams
from faceline.imaging.images import decode_rgb
from faceline.models.params import RuntimeParams
from faceline.packed.sets import PackedSet, read_rejected
from faceline.points.points import points_of
from faceline.wild.params import WildParams
from faceline.windows.windows import invert, sample
from stages import find_wild as stage

WILD = WildParams(
    detector="mtcnn", detector_model="none", min_face_px=30, max_photo_px=1024, min_score=0.9, min_iou=0.4
)
CROP = CropParams(context=0.5, max_px=384, jpeg_quality=95)
ALIGN = AlignParams(size_px=112, min_eye_distance_px=8, max_template_error=0.25, jpeg_quality=95)
RUNTIME = RuntimeParams(device="cpu", threads=1, workers=2, devices=1, nodes=1)
# the detector's boxes are half as large as CelebA's, and lie a tenth to the left
TO_CELEBA = BoxMap(2.0, 2.0, 0.2, 0.0)
FROM_CELEBA = BoxMap(0.5, 0.5, -0.1, 0.0)


class Told(FakeDetector):
    """Knows a photo by its pixels."""

    name = "mtcnn"

    def find(self, images, names=()) -> list[Detections]:
        return [self._of(self._boxes[image.tobytes()]) for image in images]


class Sources:
    """Photos on disk, what the detector finds in them, and `selected.csv`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict] = []
        self.found: dict[bytes, list] = {}
        self.settings: list[tuple] = []
        (folder / "photos").mkdir()

    def add(self, name: str, role: str, annotated: np.ndarray, found: list[np.ndarray], broken: bool = False) -> None:
        path = self.folder / "photos" / name
        image = np.full((330, 300, 3), 60, np.uint8)
        for seed, box in enumerate(found):
            paint_face(image, np.clip(box, 0, 150), seed + len(self.rows))
        if broken:
            path.write_text("no photo")
        else:
            Image.fromarray(image).save(path)
            self.found[decode_rgb(path.read_bytes()).tobytes()] = [FROM_CELEBA.apply(box) for box in found]
        attributes = dict.fromkeys(ATTRIBUTES, 0) | {"Male": len(self.rows) % 2}
        box = dict(zip(BOX_COLUMNS, annotated, strict=True))
        split = "train" if role == "train" else ""
        self.rows.append(
            {"image_id": name, "person": len(self.rows), "role": role, "split": split, **box}
            | dict(zip(POINT_COLUMNS, POINTS.ravel(), strict=True))  # nothing is taken from them
            | attributes
        )

    def run(self, monkeypatch: pytest.MonkeyPatch, workers: int = 2, measured_for: str = "mtcnn") -> PackedSet:
        pd.DataFrame(self.rows).to_csv(self.folder / "selected.csv", index=False)
        write_box_map(self.folder / "box_map.json", measured_for, TO_CELEBA)

        def load(name: str, settings: object) -> Told:
            self.settings.append((name, settings))
            return Told(self.found)

        monkeypatch.setattr(stage.LandmarkPredictor, "load", lambda *_: FakePredictor())
        monkeypatch.setattr(stage, "load_detector", load)
        stage.find_wild(
            wild=WILD,
            crop=CROP,
            align=ALIGN,
            runtime=RUNTIME.model_copy(update={"workers": workers}),
            engine=EngineParams(engine="local"),
            images=self.folder / "photos",
            selected=self.folder / "selected.csv",
            model=self.folder / "hourglass.safetensors",
            box_map=self.folder / "box_map.json",
            out=self.folder / "wild",
        )
        return PackedSet(self.folder / "wild")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


POINTS, BOX = face_at(1.1, (60, 70))
_, ELSEWHERE = face_at(0.5, (200, 5))
_, TINY = face_at(0.15, (105, 115))


def test_subjects_and_the_reasons_of_the_others(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    jitter = np.array([3.0, -4, 6, 2])
    sources.add("trained.jpg", "train", BOX, [BOX])
    sources.add("found.jpg", "dev", BOX + jitter, [ELSEWHERE, BOX])
    sources.add("empty.jpg", "query", BOX, [])
    sources.add("bystander.jpg", "query", BOX, [ELSEWHERE])
    sources.add("broken.jpg", "distractor", BOX, [BOX], broken=True)
    sources.add("tiny.jpg", "distractor", TINY, [TINY])
    sources.add("plain.jpg", "distractor", BOX, [BOX])
    wild = sources.run(monkeypatch)
    rejected = read_rejected(sources.folder / "wild")
    assert dict(zip(rejected.image_id, rejected.reason, strict=True)) == {
        "empty.jpg": "no_face",
        "bystander.jpg": "no_match",
        "broken.jpg": "unreadable",
        "tiny.jpg": "eyes_too_close",
    }
    assert {"image_id", "person", "role", "split", "reason", *ATTRIBUTES} == set(rejected.columns)
    rows = wild.rows
    assert rows.image_id.tolist() == ["found.jpg", "plain.jpg"]
    assert rows.role.tolist() == ["dev", "distractor"]
    assert rows.person.tolist() == [1, 6]
    assert rows.Male.tolist() == [1, 0]
    assert points_of(rows) == pytest.approx(np.stack([POINTS, POINTS]), abs=0.02)
    assert rows[BOX_COLUMNS].to_numpy() == pytest.approx(np.stack([BOX, BOX]), abs=1e-6)
    assert rows.iou.to_numpy() == pytest.approx([float(iou(BOX, BOX + jitter)), 1], abs=1e-6)
    assert rows.score.to_numpy() == pytest.approx([0.9, 0.9])
    assert {"landmark_score", "template_error", "outside_share"} <= set(rows.columns)


def test_tiles_come_from_the_photo_itself(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.add("a.png", "query", BOX, [BOX])
    wild = sources.run(monkeypatch)
    (tile,) = [decode_rgb(content) for content in wild.encoded()]
    photo = np.asarray(Image.open(sources.folder / "photos/a.png"))
    expected = sample(photo, np.array([[1.1, 0, 60], [0, 1.1, 70]]), 112)
    assert np.abs(tile.astype(int) - expected).mean() < 2.5  # a JPEG at quality 95 of painted squares
    inverse = invert(np.array([[1.1, 0, 60], [0, 1.1, 70]]))
    in_tile = POINTS @ inverse[:, :2].T + inverse[:, 2]
    assert in_tile == pytest.approx(template(112), abs=1e-6)


def test_the_set_says_what_it_is(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.add("a.png", "query", BOX, [BOX])
    metadata = sources.run(monkeypatch).metadata
    assert (metadata["kind"], metadata["size_px"], metadata["landmarks"]) == ("wild", 112, "hourglass")
    assert np.allclose(metadata["template"], template(112))
    assert metadata["synthetic"] is False
    assert metadata["detector"] == WILD.model_dump()
    ((name, settings),) = sources.settings
    assert (name, settings) == ("mtcnn", WILD.settings("cpu"))


def test_a_map_of_another_detectors_boxes_is_refused(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.add("a.png", "query", BOX, [BOX])
    with pytest.raises(InputError, match=r"box_map\.json: measured for yunet, not mtcnn"):
        sources.run(monkeypatch, measured_for="yunet")
    assert not (sources.folder / "wild").exists()


def test_the_same_inputs_give_the_same_bytes_with_any_workers(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):  # over more than one batch
        sources.add(f"{number}.png", "query", np.add(BOX, (number % 7, 0, 0, 0)), [BOX] if number % 3 else [])
    contents = []
    for workers in (1, 4, 1):
        wild = sources.run(monkeypatch, workers)
        contents.append({file.name: file.read_bytes() for file in (sources.folder / "wild").iterdir()})
    assert contents[0] == contents[1] == contents[2]
    assert len(wild) == 26


def test_nobody_found_is_a_failure_and_leaves_nothing(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.add("a.png", "query", BOX, [])
    with pytest.raises(FacelineError, match="no subject"):
        sources.run(monkeypatch)
    assert not (sources.folder / "wild").exists()
