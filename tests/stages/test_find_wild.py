"""The stage in an empty folder: who is found, who is not and why, and what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tool_fakes import FakeDetector, FakeLandmarker, face_at, paint_face

from faceline.alignment.fit.template import template
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, POINT_COLUMNS
from faceline.core.errors import FacelineError
from faceline.geometry.boxes import BoxMap, iou
from faceline.geometry.points import points_of
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import PackedSet
from faceline.settings.schema import load_params
from faceline.windows.windows import invert, sample
from stages import find_wild as stage

ROOT = Path(__file__).resolve().parents[2]
# the detector's boxes are half as large as CelebA's, and lie a tenth to the left
TO_CELEBA = BoxMap(2.0, 2.0, 0.2, 0.0)
FROM_CELEBA = BoxMap(0.5, 0.5, -0.1, 0.0)


class Sources:
    """Photos on disk, what the detector finds in them, and `selected.csv`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict] = []
        self.found: dict[str, list] = {}
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
        self.found[name] = [FROM_CELEBA.apply(box) for box in found]
        attributes = dict.fromkeys(ATTRIBUTES, 0) | {"Male": len(self.rows) % 2}
        box = dict(zip(BOX_COLUMNS, annotated, strict=True))
        split = "train" if role == "train" else ""
        self.rows.append(
            {"image_id": name, "person": len(self.rows), "role": role, "split": split, **box}
            | dict.fromkeys(POINT_COLUMNS, 0)
            | attributes
        )

    def run(self, monkeypatch: pytest.MonkeyPatch) -> PackedSet:
        params = load_params(ROOT / "params" / "sample.yaml")
        pd.DataFrame(self.rows).to_csv(self.folder / "selected.csv", index=False)
        landmarker = FakeLandmarker(TO_CELEBA)
        monkeypatch.setattr(stage.LandmarkPredictor, "load", lambda *_: landmarker)
        monkeypatch.setattr(stage, "torch_nets", lambda _: None)
        monkeypatch.setattr(stage, "MtcnnDetector", lambda *_: FakeDetector(self.found, "mtcnn"))
        stage.find_wild(
            wild=params.wild,
            align=params.align,
            runtime=params.runtime,
            images=self.folder / "photos",
            selected=self.folder / "selected.csv",
            model=self.folder / "hourglass.safetensors",
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
    rejected = pd.read_csv(sources.folder / "wild/_rejected.csv", keep_default_na=False)
    assert dict(zip(rejected.image_id, rejected.reason, strict=True)) == {
        "empty.jpg": "no_face",
        "bystander.jpg": "no_match",
        "broken.jpg": "unreadable",
        "tiny.jpg": "eyes_too_close",
    }
    assert {"image_id", "person", "role", "split", "reason", *ATTRIBUTES} == set(rejected.columns)
    facts = wild.facts
    assert facts.image_id.tolist() == ["found.jpg", "plain.jpg"]
    assert facts.role.tolist() == ["dev", "distractor"]
    assert facts.person.tolist() == [1, 6]
    assert facts.Male.tolist() == [1, 0]
    assert points_of(facts) == pytest.approx(np.stack([POINTS, POINTS]), abs=0.02)
    assert facts[BOX_COLUMNS].to_numpy() == pytest.approx(np.stack([BOX, BOX]), abs=1e-6)
    assert facts.iou.to_numpy() == pytest.approx([float(iou(BOX, BOX + jitter)), 1], abs=1e-6)
    assert facts.score.to_numpy() == pytest.approx([0.9, 0.9])
    assert {"landmark_score", "template_error", "outside_share"} <= set(facts.columns)


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
    assert metadata["drawn"] is False
    assert metadata["detector"]["name"] == "mtcnn"


def test_the_same_inputs_give_the_same_bytes(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):  # over more than one batch
        sources.add(f"{number}.png", "query", BOX, [BOX] if number % 3 else [])
    sources.run(monkeypatch)
    first = {file.name: file.read_bytes() for file in (sources.folder / "wild").iterdir()}
    wild = sources.run(monkeypatch)
    assert first == {file.name: file.read_bytes() for file in (sources.folder / "wild").iterdir()}
    assert len(wild) == 26


def test_nobody_found_is_a_failure_and_leaves_nothing(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    sources.add("a.png", "query", BOX, [])
    with pytest.raises(FacelineError, match="no subject"):
        sources.run(monkeypatch)
    assert not (sources.folder / "wild").exists()
