import numpy as np
import pytest
from tiny_landmarks import COLOURS, drawn_faces

from faceline.core.errors import InputError
from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.boxes import BoxMap
from faceline.core.columns import POINT_COLUMNS
from faceline.geometry.points import points_of
from faceline.landmarks.sets.preparation import prepare_set
from faceline.landmarks.sets.detections import DETECTED_COLUMNS

DETECTOR = BoxMap(0.8, 0.75, 0.02, 0.04)


def finder(rows):
    """Finds the drawn face by its colours and answers with a box of a convention of its own."""

    def find(photo):
        spots = []
        for colour in COLOURS:
            weight = np.clip(150 - np.abs(photo.astype(float) - np.array(colour)).sum(axis=2), 0, None)
            ys, xs = np.mgrid[: photo.shape[0], : photo.shape[1]]
            spots.append([(xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()])
        points = np.array(spots)
        nearest = np.linalg.norm(points_of(rows) - points, axis=2).mean(axis=1).argmin()
        box = DETECTOR.apply(rows[BOX_COLUMNS].to_numpy()[nearest])
        return np.stack([np.array([0, 0, 9, 9.0]), box]), np.stack([points * 0, points])

    return find


def test_degenerate_rows_are_counted_by_reason_and_left_out():
    rows, photos = drawn_faces(60)
    sound = rows.copy()
    rows.loc[0, POINT_COLUMNS[0]] = np.nan
    rows.loc[1, POINT_COLUMNS[1]] = -3
    rows.loc[2, POINT_COLUMNS[:4]] = 50.0
    rows.loc[3, POINT_COLUMNS[0]], rows.loc[3, POINT_COLUMNS[2]] = (
        sound.loc[3, "right_eye_x"],
        sound.loc[3, "left_eye_x"],
    )
    rows.loc[4, "width"] = 0
    photos._encoded[rows.image_id[5]] = b"no picture"
    prepared = prepare_set(rows, photos, finder(sound))
    assert prepared.defects == {
        "landmarks_not_finite": 1,
        "landmarks_outside_photo": 1,
        "no_box": 1,
        "swapped_eyes": 1,
        "unreadable": 1,
        "zero_eye_distance": 1,
    }
    assert list(prepared.rows.image_id) == list(rows.image_id[6:])


def test_detections_are_matched_and_their_box_map_fitted_on_train_rows():
    rows, photos = drawn_faces(60)
    prepared = prepare_set(rows, photos, finder(rows))
    looked = prepared.rows.split != "dev"
    assert (prepared.looked, prepared.missed) == (12, 0)
    assert prepared.rows.detected_x.notna().equals(looked)
    found = prepared.rows[looked]
    points = found[DETECTED_COLUMNS[4:]].to_numpy().reshape(-1, 5, 2)
    assert np.linalg.norm(points - points_of(found), axis=2).max() < 1.5
    back = prepared.box_map.apply(found[DETECTED_COLUMNS[:4]].to_numpy())
    np.testing.assert_allclose(back, found[BOX_COLUMNS].to_numpy(), atol=1e-6)


def test_a_detector_that_finds_nothing_is_counted():
    rows, photos = drawn_faces(40)
    prepared = prepare_set(rows, photos, lambda photo: (np.empty((0, 4)), np.empty((0, 5, 2))))
    assert (prepared.looked, prepared.missed) == (8, 8)
    assert prepared.box_map == BoxMap()


def test_a_split_without_faces_is_refused():
    rows, photos = drawn_faces(20)
    with pytest.raises(InputError, match="no usable faces for test"):
        prepare_set(rows[rows.split != "test"].reset_index(drop=True), photos, finder(rows))
