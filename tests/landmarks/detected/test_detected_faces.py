from dataclasses import astuple

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import colour_spots, synthetic_faces

from faceline.boxes.boxes import BoxMap
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.detection.detections import DetectorSettings
from faceline.detection.registry import load_detector
from faceline.imaging.images import decode_rgb
from faceline.landmarks.detected import detected_faces
from faceline.landmarks.detected.detected_faces import (
    DETECTED_BOX,
    DETECTED_POINTS,
    choose_faces,
    detect_faces,
    fit_box_map,
    matched,
    read_detected,
    write_detected,
)
from faceline.landmarks.sets.sources import read_mtfl
from faceline.points.points import points_of
from real_data import SHARED, needs_mtfl

ANNOTATED = np.array([100, 100, 50, 70.0])
DETECTOR = BoxMap(0.8, 0.75, 0.02, 0.04)  # from annotated boxes to the stand-in's


def test_the_best_overlap_is_the_match():
    boxes = np.array([[0, 0, 50, 70], [110, 100, 50, 70], [102, 101, 50, 70.0]])
    points = np.arange(30.0).reshape(3, 5, 2)
    row = matched(boxes, points, ANNOTATED)
    np.testing.assert_array_equal(row[:4], boxes[2])
    np.testing.assert_array_equal(row[4:], points[2].ravel())
    assert len(row) == len(DETECTED_BOX) + len(DETECTED_POINTS)


@pytest.mark.parametrize("box", [np.empty((0, 4)), np.array([[130, 140, 50, 70.0]])])
def test_none_or_a_poor_overlap_is_no_match(box):
    assert np.isnan(matched(box, np.zeros((len(box), 5, 2)), ANNOTATED)).all()


def test_choice_is_limited_by_split_and_does_not_depend_on_order(monkeypatch):
    monkeypatch.setattr(detected_faces, "MAX_FACES", {"test": 30, "train": 20})
    rows = pd.DataFrame({"image_id": [f"{n}.jpg" for n in range(300)], "split": ["train", "dev", "test"] * 100})
    chosen = choose_faces(rows)
    assert rows.split[chosen].value_counts().to_dict() == {"test": 30, "train": 20}
    shuffled = rows.sample(frac=1, random_state=1)
    again = choose_faces(shuffled.reset_index(drop=True))
    assert set(shuffled.image_id[again]) == set(rows.image_id[chosen])
    monkeypatch.setattr(detected_faces, "MAX_FACES", {"test": 1000, "train": 1000})
    assert choose_faces(rows).sum() == 200


def test_the_box_map_is_found_again_and_missing_rows_are_left_out():
    rng = np.random.default_rng(0)
    detected = np.column_stack([rng.uniform(0, 100, (60, 2)), rng.uniform(40, 90, (60, 2))])
    truth = BoxMap(1.2, 1.4, 0.03, -0.02)
    annotated = truth.apply(detected)
    detected[::7] = np.nan
    found = fit_box_map(detected, annotated)
    np.testing.assert_allclose(astuple(found), astuple(truth))
    assert fit_box_map(detected[:10], annotated[:10]) == BoxMap()


def finder(rows):
    """Finds the face by its colours, answers with a box of a convention of its own, and invents another face."""

    def find(photo):
        points = colour_spots(photo)
        nearest = np.linalg.norm(points_of(rows) - points, axis=2).mean(axis=1).argmin()
        box = DETECTOR.apply(rows[BOX_COLUMNS].to_numpy()[nearest])
        return np.stack([np.array([0, 0, 9, 9.0]), box]), np.stack([points * 0, points])

    return find


def photos_of(rows, photos):
    return (decode_rgb(photos.read(name)) for name in rows.image_id)


def test_detections_come_back_in_the_sets_convention():
    rows, photos = synthetic_faces(60)
    rows = rows[rows.split != "dev"].reset_index(drop=True)
    table, box_map = detect_faces(rows, photos_of(rows, photos), finder(rows))
    assert list(table) == ["image_id", "split", *DETECTED_BOX, *DETECTED_POINTS]
    assert table.image_id.tolist() == rows.image_id.tolist()
    np.testing.assert_allclose(table[DETECTED_BOX], rows[BOX_COLUMNS], atol=1e-6)
    np.testing.assert_allclose(box_map.apply(DETECTOR.apply(ANNOTATED)), ANNOTATED)
    points = table[DETECTED_POINTS].to_numpy().reshape(-1, 5, 2)
    assert np.linalg.norm(points - points_of(rows), axis=2).max() < 1.5


def test_the_map_is_measured_on_train_faces_alone():
    rows, photos = synthetic_faces(60)
    annotated = rows.copy()
    rows.loc[rows.split == "test", "width"] *= 1.1
    _, box_map = detect_faces(rows, photos_of(rows, photos), finder(annotated))
    assert box_map.width_factor == pytest.approx(1 / 0.8)


def test_a_detector_that_finds_nothing_leaves_boxes_as_they_are():
    rows, photos = synthetic_faces(40)
    nothing = np.empty((0, 4)), np.empty((0, 5, 2))
    table, box_map = detect_faces(rows, photos_of(rows, photos), lambda photo: nothing)
    assert table[[*DETECTED_BOX, *DETECTED_POINTS]].isna().all(axis=None)
    assert box_map == BoxMap()


def test_the_table_on_disk_names_its_detector(tmp_path):
    rows, photos = synthetic_faces(30)
    table, _ = detect_faces(rows, photos_of(rows, photos), finder(rows))
    table.loc[4, DETECTED_BOX] = np.nan
    write_detected(tmp_path / "found.parquet", "yunet", table)
    name, back = read_detected(tmp_path / "found.parquet")
    assert name == "yunet"
    pd.testing.assert_frame_equal(back.reset_index(), table, check_dtype=False)


@pytest.mark.parametrize("content", [None, b"no table", "other columns"])
def test_what_is_no_table_of_detections_is_refused(tmp_path, content):
    path = tmp_path / "found.parquet"
    if content == "other columns":
        pd.DataFrame({"x": [1]}).to_parquet(path)
    elif content:
        path.write_bytes(content)
    with pytest.raises(InputError, match="detect_landmarks"):
        read_detected(path)


@needs_mtfl
def test_mtcnn_finds_a_real_face_and_nothing_in_nothing():
    rows = read_mtfl(SHARED / "mtfl/trainImageList.txt").iloc[:4]
    mtcnn = load_detector("mtcnn", DetectorSettings(min_face_px=20))
    for _, row in rows.iterrows():
        photo = decode_rgb((SHARED / "mtfl/net_7876" / row.image_id).read_bytes())
        (found,) = mtcnn.find([photo])
        best = matched(found.boxes, found.points, row[BOX_COLUMNS].to_numpy(float))
        truth = row.iloc[-10:].to_numpy(float).reshape(5, 2)
        errors = np.linalg.norm(best[4:].reshape(5, 2) - truth, axis=1) / np.linalg.norm(truth[1] - truth[0])
        assert errors.mean() < 0.2
    for size in [(200, 200, 3), (9, 12, 3)]:
        assert mtcnn.find([np.zeros(size, np.uint8)])[0].boxes.shape == (0, 4)
