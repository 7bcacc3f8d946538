"""Subjects found by a detector go the chain's own way: the same bytes where its box is the annotated one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import CountedPhotos
from tool_fakes import FakeDetector, FakePredictor, face_at, paint_face

from faceline.alignment.crops.aligned_crops import align_crops
from faceline.alignment.fit.params import AlignParams
from faceline.boxes.boxes import BoxMap, iou
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS
from faceline.core.errors import FacelineError
from faceline.data.crops.cropping import crop_faces
from faceline.data.crops.params import CropParams
from faceline.detection.detections import Detections
from faceline.engines.engine import LocalEngine
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.points.points import point_table, points_of
from faceline.wild.subjects import SubjectFinder

ALIGN = AlignParams(size_px=112, min_eye_distance_px=8, max_template_error=0.25, jpeg_quality=92)
CROP = CropParams(context=0.3, max_px=140, jpeg_quality=90)
# the detector's boxes are half as large as CelebA's, and lie a tenth to the left
TO_CELEBA = BoxMap(2.0, 2.0, 0.2, 0.0)
FROM_CELEBA = BoxMap(0.5, 0.5, -0.1, 0.0)
PLACES = [(1.1, (60, 70)), (1.6, (-20, 30)), (0.9, (150, 160)), (1.3, (90, 20))]


def shifted(box: np.ndarray, right: float) -> np.ndarray:
    return np.add(box, (right, 0, 0, 0))


class Told(FakeDetector):
    """Knows a photo by its pixels; its boxes come in a convention of its own."""

    def __init__(self) -> None:
        super().__init__({}, TO_CELEBA)

    def find(self, images, names=()) -> list[Detections]:
        return [self._of([FROM_CELEBA.apply(box) for box in self._boxes[image.tobytes()]]) for image in images]


class World:
    """Photos of faces: who is in them, where, and what the detector finds."""

    def __init__(self) -> None:
        self.detector = Told()
        self.rows: list[dict] = []
        self.photos = CountedPhotos({})

    def add(self, place: tuple, found: list | None = None, broken: bool = False) -> np.ndarray:
        """A photo with a face at a place; found there by default, as annotated, on whole pixels. Returns its box."""
        number = len(self.rows)
        _, box = face_at(*place)
        box = np.round(box)
        image = np.random.default_rng(number).integers(0, 256, (300, 320, 3), dtype=np.uint8)
        inside = np.clip(np.concatenate([box[:2], box[:2] + box[2:]]), 0, 299)
        paint_face(image, np.concatenate([inside[:2], inside[2:] - inside[:2]]), number)
        name = f"{number}.jpg"
        self.photos.encoded[name] = b"no photo" if broken else encode_jpeg(image, 95)
        if not broken:
            self.detector._boxes[decode_rgb(self.photos.encoded[name]).tobytes()] = [box] if found is None else found
        who = {"image_id": name, "person": number, "role": "query", "split": ""}
        self.rows.append(who | dict(zip(BOX_COLUMNS, box, strict=True)) | dict.fromkeys(ATTRIBUTES, number % 2))
        return box

    @property
    def selected(self) -> pd.DataFrame:
        points = np.stack([face_at(*PLACES[0])[0] for _ in self.rows])
        return pd.concat([pd.DataFrame(self.rows), point_table(points)], axis=1)

    def find(self, folder, workers: int = 2) -> tuple[PackedSet | None, pd.DataFrame]:
        folder.mkdir()
        finder = SubjectFinder(self.detector, FakePredictor(), CROP, ALIGN, 0.5)
        with PackedWriter(folder) as writer:
            rejected = finder.write_tiles(self.selected, self.photos, writer, LocalEngine(workers))
        return PackedSet(folder), rejected


@pytest.fixture
def world() -> World:
    return World()


def test_tiles_equal_the_chains_to_the_byte(world: World, tmp_path) -> None:
    for place in PLACES:
        world.add(place)
    wild, rejected = world.find(tmp_path / "wild")
    for name in ("crops", "aligned", "annotated"):
        (tmp_path / name).mkdir()
    with PackedWriter(tmp_path / "crops") as writer:
        for rows, images in crop_faces(world.photos, world.selected, CROP):
            writer.write(rows, images)
    with PackedWriter(tmp_path / "aligned") as writer, PackedWriter(tmp_path / "annotated") as other:
        align_crops(PackedSet(tmp_path / "crops"), FakePredictor(), ALIGN, writer, other, ())
    chain = PackedSet(tmp_path / "aligned")
    assert rejected.empty
    assert list(wild.encoded()) == list(chain.encoded())
    pd.testing.assert_frame_equal(wild.rows[list(chain.rows)], chain.rows)


def test_a_box_beside_the_annotated_one_gives_its_own_tile(world: World, tmp_path) -> None:
    box = world.add(PLACES[0], found=[shifted(np.round(face_at(*PLACES[0])[1]), 6)])
    wild, _ = world.find(tmp_path / "wild")
    expected, _ = face_at(PLACES[0][0], np.add(PLACES[0][1], (6, 0)))
    assert points_of(wild.rows)[0] == pytest.approx(expected, abs=1)
    assert wild.rows[BOX_COLUMNS].to_numpy()[0] == pytest.approx(shifted(box, 6))
    assert wild.rows.iou[0] == pytest.approx(float(iou(box, shifted(box, 6))))
    assert wild.rows.score[0] == pytest.approx(0.9)


def test_of_several_faces_the_one_that_overlaps_best_is_the_subject(world: World, tmp_path) -> None:
    box = np.round(face_at(*PLACES[0])[1])
    world.add(PLACES[0], found=[shifted(box, 30), shifted(box, 3), np.array([250.0, 5, 40, 60])])
    wild, _ = world.find(tmp_path / "wild")
    assert wild.rows[BOX_COLUMNS].to_numpy()[0] == pytest.approx(shifted(box, 3))


def test_each_reason_is_named_in_the_photos_order(world: World, tmp_path) -> None:
    world.add((0.15, (105, 115)))
    world.add(PLACES[0], found=[])
    world.add(PLACES[0])
    world.add(PLACES[0], broken=True)
    world.add(PLACES[0], found=[np.array([250.0, 5, 40, 60])])
    world.add((0.16, (105, 115)))
    wild, rejected = world.find(tmp_path / "wild")
    assert wild.rows.image_id.tolist() == ["2.jpg"]
    assert list(zip(rejected.image_id, rejected.reason, strict=True)) == [
        ("0.jpg", "eyes_too_close"),
        ("1.jpg", "no_face"),
        ("3.jpg", "unreadable"),
        ("4.jpg", "no_match"),
        ("5.jpg", "eyes_too_close"),
    ]
    assert list(rejected) == ["image_id", "person", "role", "split", *ATTRIBUTES, "reason"]


def test_neither_threads_nor_batches_change_a_byte_and_photos_are_read_once(world: World, tmp_path, monkeypatch):
    for number in range(40):
        world.add(PLACES[number % 3], found=[] if number % 5 == 0 else None)
    contents = []
    for workers, batch in ((1, 32), (4, 32), (2, 7)):
        monkeypatch.setattr("faceline.wild.subjects._BATCH", batch)
        world.photos.reads.clear()
        _, rejected = world.find(tmp_path / f"{workers}", workers)
        assert rejected.image_id.tolist() == [f"{number}.jpg" for number in range(0, 40, 5)]
        assert world.photos.reads == {f"{number}.jpg": 1 for number in range(40)}
        contents.append((tmp_path / f"{workers}/part-0000.parquet").read_bytes())
    assert contents[0] == contents[1] == contents[2]


def test_nobody_found_is_a_failure(world: World, tmp_path) -> None:
    world.add(PLACES[0], found=[])
    world.add(PLACES[0], broken=True)
    with pytest.raises(FacelineError, match="no subject found"):
        world.find(tmp_path / "wild")
