"""Alignment of a packed set, with a stand-in for the net that knows the annotated points."""

import numpy as np
import pytest
from tiny_landmarks import drawn_faces

from faceline.core.errors import FacelineError
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.alignment.fit.params import AlignParams
from faceline.core.columns import ATTRIBUTES
from faceline.data.crops.params import CropParams
from faceline.data.crops.cropping import crop_faces
from faceline.alignment.fit.template import template
from faceline.geometry.points import points_of
from faceline.windows.windows import Window, net_view, transform
from faceline.alignment.fit.tiles import align_crops, draw_alignment

ALIGN = AlignParams(size_px=112, min_eye_distance_px=4, max_template_error=0.5, jpeg_quality=95)


class Knowing:
    """Answers with the annotated landmarks, so that only the alignment is tested."""

    input_px = 64
    drawn = True

    def __init__(self, facts, spoiled=()):
        self._points = dict(zip(facts.index, points_of(facts), strict=True))
        self._facts, self._next, self._spoiled = facts, 0, spoiled

    def view(self, box):
        return net_view(box, -0.05, self.input_px)

    def predict(self, images, to_image, batch_size=64):
        rows = self._facts.iloc[self._next : self._next + len(images)]
        self._next += len(images)
        points = []
        for index, row in rows.iterrows():
            window = Window(*(int(row[c]) for c in ("window_x", "window_y", "window_side", "stored_px")))
            face = self._points[index][[1, 0, 2, 4, 3]] if index in self._spoiled else self._points[index]
            points.append(transform(window.from_photo(), face))
        return np.stack(points), np.ones((len(images), 5))


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    rows, photos = drawn_faces(30)
    rows = rows.assign(role="query", split="", person=np.arange(len(rows)) % 5, **dict.fromkeys(ATTRIBUTES, 0))
    folder = tmp_path_factory.mktemp("crops")
    with PackedWriter(folder, {}) as writer:
        for facts, encoded in crop_faces(photos, rows, CropParams(context=0.3, max_px=384, jpeg_quality=95)):
            writer.write(facts, encoded)
    return PackedSet(folder)


def test_tiles_put_every_face_on_the_template(crops, tmp_path):
    with PackedWriter(tmp_path, {}) as writer:
        record = align_crops(crops, Knowing(crops.facts), ALIGN, writer, pairs=6)
    aligned = PackedSet(tmp_path)
    assert aligned.facts.image_id.tolist() == crops.facts.image_id.tolist()
    assert record.metrics["aligned"] == len(crops)
    assert record.metrics["template_error"] < record.metrics["template_error_unaligned"]
    assert record.metrics["outside_share"] < 0.02
    assert len(record.pairs) == 6
    np.testing.assert_allclose(points_of(aligned.facts), points_of(crops.facts), atol=1e-6)


def test_rejects_are_named_and_never_written(crops, tmp_path):
    with PackedWriter(tmp_path, {}) as writer:
        record = align_crops(crops, Knowing(crops.facts, spoiled={3, 7}), ALIGN, writer)
    assert record.rejected.image_id.tolist() == crops.facts.image_id[[3, 7]].tolist()
    assert set(record.rejected.reason) == {"poor_fit"}
    assert not set(PackedSet(tmp_path).facts.image_id) & set(record.rejected.image_id)
    assert record.metrics["rejected_poor_fit"] == 2


def test_nothing_aligned_is_an_error(crops, tmp_path):
    with pytest.raises(FacelineError, match="poor_fit"), PackedWriter(tmp_path, {}) as writer:
        align_crops(crops, Knowing(crops.facts, spoiled=set(crops.facts.index)), ALIGN, writer)


def test_the_pictures_show_one_face_step_by_step(crops, tmp_path):
    (tmp_path / "set").mkdir()
    with PackedWriter(tmp_path / "set", {}) as writer:
        record = align_crops(crops, Knowing(crops.facts), ALIGN, writer)
    draw_alignment(record, tmp_path)
    assert {path.name for path in (tmp_path / "journey").iterdir()} == {"crop.png", "view.png", "aligned.png"}
    assert record.journey["aligned"].shape == (112, 112, 3)
    assert (tmp_path / "pairs.png").exists()
    assert (tmp_path / "mean_face.png").exists()


def test_unaligned_error_is_measured_on_the_bare_box(crops, tmp_path):
    with PackedWriter(tmp_path, {}) as writer:
        record = align_crops(crops, Knowing(crops.facts), ALIGN, writer)
    errors = []
    for box, points in zip(
        crops.facts[["x", "y", "width", "height"]].to_numpy(float), points_of(crops.facts), strict=True
    ):
        side = max(box[2:])
        in_tile = (points + 0.5 - (box[:2] + box[2:] / 2 - side / 2)) / side * 112 - 0.5
        goal = template(112)
        errors.append(np.sqrt(((in_tile - goal) ** 2).sum(1).mean()) / np.linalg.norm(goal[1] - goal[0]))
    assert record.metrics["template_error_unaligned"] == pytest.approx(np.mean(errors), rel=1e-6)
