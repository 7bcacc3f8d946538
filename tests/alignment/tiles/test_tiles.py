"""Tiles of faces in stored windows, by given and by predicted landmarks."""

import numpy as np
import pandas as pd
import pytest
from tool_fakes import FakePredictor, face_at

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.geometry.template import TEMPLATE, template
from faceline.alignment.tiles.tiles import align_by_points, predict_and_align, tile_metadata
from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS
from faceline.points.points import points_of
from faceline.windows.windows import WINDOW_COLUMNS, Window, cut

ALIGN = AlignParams(size_px=112, min_eye_distance_px=8, max_template_error=0.25, jpeg_quality=95)
PLACES = [(1.0, (20, 30)), (1.5, (60, 10)), (0.1, (90, 90))]


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (260, 280, 3), dtype=np.uint8)


def stored(photo, side=230, stored_px=230):
    """A row and a window of the photo for each place; the faces of the last are too small to align."""
    windows = [Window(5 * n, 4 * n, side, stored_px) for n in range(len(PLACES))]
    rows = pd.DataFrame([face_at(*place)[1] for place in PLACES], columns=BOX_COLUMNS)
    people = pd.DataFrame({"image_id": ["a", "b", "c"], "person": [4, 4, 9], "role": "query", "split": ""})
    where = pd.DataFrame([(w.x, w.y, w.side, w.stored_px) for w in windows], columns=WINDOW_COLUMNS)
    attributes = pd.DataFrame(1, columns=ATTRIBUTES, index=range(len(PLACES)))
    return pd.concat([people, rows, where, attributes], axis=1), [cut(photo, window) for window in windows]


POINTS = np.stack([face_at(*place)[0] for place in PLACES])


def test_a_template_in_the_photo_is_cut_out_as_it_lies(photo):
    rows, images = stored(photo)
    found = align_by_points(rows, images, POINTS, ALIGN)
    assert found.aligned.tolist() == [0, 1]
    np.testing.assert_array_equal(found.tiles[0], photo[30:142, 20:132])
    assert found.rows.image_id.tolist() == ["a", "b"]
    np.testing.assert_allclose(points_of(found.rows), POINTS[:2])
    assert found.rows.template_error.max() < 1e-9
    assert found.rows.outside_share.max() == 0
    assert list(zip(found.rejected.image_id, found.rejected.reason, strict=True)) == [("c", "eyes_too_close")]
    assert {"person", "role", "split", *ATTRIBUTES} <= set(found.rejected)


def test_predicted_landmarks_are_those_of_the_photo_however_windows_are_stored(photo):
    for stored_px in (230, 150):
        rows, images = stored(photo, stored_px=stored_px)
        images = [image if stored_px == 230 else image[:stored_px, :stored_px] for image in images]
        found = predict_and_align(rows, images, FakePredictor(), ALIGN)
        np.testing.assert_allclose(found.points, POINTS, atol=1e-6)
        assert found.rows.landmark_score.tolist() == pytest.approx([0.8, 0.8])
        columns = found.rows.columns.tolist()
        assert columns[-3:] == ["landmark_score", "template_error", "outside_share"]


def test_what_lies_beyond_the_window_is_black_and_counted(photo):
    rows, images = stored(photo, side=80, stored_px=80)
    found = align_by_points(rows, images, POINTS, ALIGN)
    assert found.rows.outside_share[0] == pytest.approx(1 - (60 * 50) / 112**2)
    assert found.tiles[0][52:].max() == 0
    np.testing.assert_array_equal(found.tiles[0][:50, :60], photo[30:80, 20:80])


def test_no_faces_give_no_tiles(photo):
    rows, _ = stored(photo)
    found = align_by_points(rows[:0], [], np.zeros((0, 5, 2)), ALIGN)
    assert (found.tiles, len(found.rows), len(found.rejected)) == ([], 0, 0)
    assert "reason" in found.rejected


def test_a_set_says_how_its_tiles_lie():
    metadata = tile_metadata(ALIGN.model_copy(update={"size_px": 224}), "annotated", synthetic=True)
    np.testing.assert_allclose(metadata["template"], template(224), atol=1e-4)
    assert metadata | {"template": 0} == {"size_px": 224, "template": 0, "landmarks": "annotated", "synthetic": True}
    np.testing.assert_allclose(tile_metadata(ALIGN, "hourglass", False)["template"], TEMPLATE, atol=1e-4)
