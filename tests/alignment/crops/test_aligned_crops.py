"""Alignment of a packed set, with a stand-in for the net that knows the annotated points."""

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import synthetic_faces

from faceline.alignment.crops.aligned_crops import align_crops
from faceline.alignment.fit.params import AlignParams
from faceline.alignment.geometry.template import template
from faceline.alignment.tiles.tiles import align_by_points
from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import FacelineError
from faceline.data.crops.cropping import crop_faces
from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.points.points import points_of
from faceline.windows.windows import net_view, transform, windows_of

ALIGN = AlignParams(size_px=112, min_eye_distance_px=4, max_template_error=0.5, jpeg_quality=95)
ROLES = ("query", "distractor")


class Knowing:
    """Answers with the annotated landmarks, so that only the alignment is tested."""

    input_px = 64

    def __init__(self, rows, spoiled=()):
        self._rows, self._next, self._spoiled = rows, 0, spoiled

    def view(self, box):
        return net_view(box, -0.05, self.input_px)

    def predict(self, images, to_image, batch_size=64):
        rows = self._rows.iloc[self._next : self._next + len(images)]
        self._next += len(images)
        points = []
        for index, window, face in zip(rows.index, windows_of(rows), points_of(rows), strict=True):
            known = face[[1, 0, 2, 4, 3]] if index in self._spoiled else face
            points.append(transform(window.from_photo(), known))
        return np.stack(points), np.ones((len(images), 5))


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    rows, photos = synthetic_faces(30)
    roles = np.array(["train", "dev", "query", "distractor", "query"] * 6, object)
    rows = rows.assign(role=roles, split="", person=np.arange(30) % 5, **dict.fromkeys(ATTRIBUTES, 0))
    folder = tmp_path_factory.mktemp("crops")
    with PackedWriter(folder, {}) as writer:
        for part, encoded in crop_faces(photos, rows, CropParams(context=0.3, max_px=384, jpeg_quality=95)):
            writer.write(part, encoded)
    return PackedSet(folder)


def run(crops, folder, spoiled=(), roles=ROLES):
    """(record, aligned set, annotated set)."""
    for name in ("aligned", "annotated"):
        (folder / name).mkdir()
    with PackedWriter(folder / "aligned") as writer, PackedWriter(folder / "annotated") as other:
        record = align_crops(crops, Knowing(crops.rows, spoiled), ALIGN, writer, other, roles)
    return record, PackedSet(folder / "aligned"), PackedSet(folder / "annotated") if roles else None


def test_tiles_put_every_face_on_the_template(crops, tmp_path):
    record, aligned, _ = run(crops, tmp_path)
    assert aligned.rows.image_id.tolist() == crops.rows.image_id.tolist()
    metrics = record.metrics()
    assert (metrics["faces"], metrics["aligned"], metrics["rejected"]) == (30, 30, 0)
    assert metrics["template_error"] < metrics["template_error_unaligned"]
    assert metrics["outside_share"] < 0.02
    assert len(record.pairs) == 30
    np.testing.assert_allclose(points_of(aligned.rows), points_of(crops.rows), atol=1e-6)


def test_annotated_tiles_are_sampled_by_annotated_points_whatever_the_net_finds(crops, tmp_path):
    chosen = np.flatnonzero(crops.rows.role.isin(ROLES))
    record, aligned, annotated = run(crops, tmp_path, spoiled={2, 3})
    rows = crops.rows.iloc[chosen]
    assert annotated.rows.image_id.tolist() == rows.image_id.tolist()
    assert set(annotated.rows.role) == set(ROLES)
    images = [decode_rgb(image) for image in crops.encoded(chosen)]
    expected = align_by_points(rows, images, points_of(rows), ALIGN)
    assert list(annotated.encoded()) == [encode_jpeg(tile, 95) for tile in expected.tiles]
    np.testing.assert_array_equal(points_of(annotated.rows), points_of(rows))
    assert pd.concat(record.annotated_rejected).empty
    assert len(aligned) == 28


def test_where_the_net_finds_the_annotated_points_the_tiles_are_the_same(crops, tmp_path):
    _, aligned, annotated = run(crops, tmp_path)
    by_net = dict(zip(aligned.rows.image_id, aligned.encoded(), strict=True))
    for name, tile in zip(annotated.rows.image_id, annotated.encoded(), strict=True):
        difference = decode_rgb(tile).astype(int) - decode_rgb(by_net[name])
        assert np.abs(difference).mean() < 0.1, name


def test_rejects_are_named_and_never_written(crops, tmp_path):
    record, aligned, _ = run(crops, tmp_path, spoiled={3, 7})
    rejected = pd.concat(record.rejected)
    assert rejected.image_id.tolist() == crops.rows.image_id[[3, 7]].tolist()
    assert set(rejected.reason) == {"poor_fit"}
    assert not set(aligned.rows.image_id) & set(rejected.image_id)
    metrics = record.metrics()
    assert (metrics["rejected_poor_fit"], metrics["rejected_upside_down"]) == (2, 0)
    assert metrics["rejected_share"] == pytest.approx(2 / 30)


def test_nothing_aligned_is_an_error(crops, tmp_path):
    with pytest.raises(FacelineError, match=r"none of 30 faces could be aligned: \{.poor_fit.: 30\}"):
        run(crops, tmp_path, spoiled=set(crops.rows.index))


def test_a_set_without_measured_people_has_no_annotated_tiles(crops, tmp_path):
    record, aligned, _ = run(crops, tmp_path, roles=())
    assert len(aligned) == 30
    assert list((tmp_path / "annotated").iterdir()) == []
    assert pd.concat(record.annotated_rejected).empty


def test_the_pictures_show_one_face_step_by_step(crops, tmp_path):
    record, aligned, _ = run(crops, tmp_path, spoiled={2})
    record.draw(tmp_path)
    assert {path.name for path in (tmp_path / "journey").iterdir()} == {"crop.png", "view.png", "aligned.png"}
    # the first query person's face that could be aligned is that of row 4
    (tile,) = aligned.encoded(np.flatnonzero(aligned.rows.image_id == crops.rows.image_id[4]))
    assert encode_jpeg(record.journey["aligned"], 95) == tile
    assert record.journey["view"].shape == (128, 128, 3)
    assert (tmp_path / "pairs.png").exists()
    assert (tmp_path / "mean_face.png").exists()


def test_the_mean_face_is_the_mean_of_all_tiles(crops, tmp_path):
    record, aligned, _ = run(crops, tmp_path)
    mean = np.mean([decode_rgb(tile) for tile in aligned.encoded()], axis=0)
    assert np.abs(record.totals[1] / len(aligned) - mean).mean() < 1


def test_unaligned_error_is_measured_on_the_bare_box(crops, tmp_path):
    record, _, _ = run(crops, tmp_path)
    errors = []
    for box, points in zip(
        crops.rows[["x", "y", "width", "height"]].to_numpy(float), points_of(crops.rows), strict=True
    ):
        side = max(box[2:])
        in_tile = (points + 0.5 - (box[:2] + box[2:] / 2 - side / 2)) / side * 112 - 0.5
        goal = template(112)
        errors.append(np.sqrt(((in_tile - goal) ** 2).sum(1).mean()) / np.linalg.norm(goal[1] - goal[0]))
    assert record.metrics()["template_error_unaligned"] == pytest.approx(np.mean(errors), rel=1e-6)
