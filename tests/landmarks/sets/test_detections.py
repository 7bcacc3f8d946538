import numpy as np
import pandas as pd
import pytest

from faceline.geometry.boxes import BoxMap
from faceline.landmarks.sets.detections import (
    DETECTED_COLUMNS,
    chosen_for_detection,
    fit_box_map,
    matched,
    mtcnn_finder,
)
from real_data import SHARED, needs_mtfl

ANNOTATED = np.array([100, 100, 50, 70.0])


def test_the_best_overlap_is_the_match():
    boxes = np.array([[0, 0, 50, 70], [110, 100, 50, 70], [102, 101, 50, 70.0]])
    points = np.arange(30.0).reshape(3, 5, 2)
    row = matched(boxes, points, ANNOTATED)
    np.testing.assert_array_equal(row[:4], boxes[2])
    np.testing.assert_array_equal(row[4:], points[2].ravel())
    assert len(row) == len(DETECTED_COLUMNS)


@pytest.mark.parametrize("box", [np.empty((0, 4)), np.array([[130, 140, 50, 70.0]])])
def test_none_or_a_poor_overlap_is_no_match(box):
    assert np.isnan(matched(box, np.zeros((len(box), 5, 2)), ANNOTATED)).all()


def test_choice_is_limited_by_split_and_does_not_depend_on_order():
    rows = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(300)], "split": ["train", "dev", "test"] * 100})
    chosen = chosen_for_detection(rows, 30, 20)
    assert rows.split[chosen].value_counts().to_dict() == {"test": 30, "train": 20}
    shuffled = rows.sample(frac=1, random_state=1)
    again = chosen_for_detection(shuffled.reset_index(drop=True), 30, 20)
    assert set(shuffled.image_id[again]) == set(rows.image_id[chosen])
    assert chosen_for_detection(rows, 1000, 1000).sum() == 200


def test_the_box_map_is_found_again_and_missing_rows_are_left_out():
    rng = np.random.default_rng(0)
    detected = np.column_stack([rng.uniform(0, 100, (60, 2)), rng.uniform(40, 90, (60, 2))])
    truth = BoxMap(1.2, 1.4, 0.03, -0.02)
    annotated = truth.apply(detected)
    detected[::7] = np.nan
    found = fit_box_map(detected, annotated)
    np.testing.assert_allclose(list(found.to_facts().values()), list(truth.to_facts().values()))
    assert fit_box_map(detected[:10], annotated[:10]) == BoxMap()


@needs_mtfl
def test_mtcnn_finds_a_real_face_and_nothing_in_nothing():
    from faceline.imaging.images import decode_rgb
    from faceline.landmarks.sets.sources import read_mtfl

    rows = read_mtfl(SHARED / "mtfl/trainImageList.txt").iloc[:4]
    find = mtcnn_finder()
    for _, row in rows.iterrows():
        photo = decode_rgb((SHARED / "mtfl/net_7876" / row.image_id).read_bytes())
        best = matched(*find(photo), row[["x", "y", "width", "height"]].to_numpy(float))
        truth = row.iloc[-10:].to_numpy(float).reshape(5, 2)
        errors = np.linalg.norm(best[4:].reshape(5, 2) - truth, axis=1) / np.linalg.norm(truth[1] - truth[0])
        assert errors.mean() < 0.2
    assert find(np.zeros((200, 200, 3), np.uint8))[0].shape == (0, 4)
    assert find(np.zeros((9, 12, 3), np.uint8))[0].shape == (0, 4)
