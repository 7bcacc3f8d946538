import json

import numpy as np
import pandas as pd
import pytest
from tiny_landmarks import colour_spots, detections, packed_set

from faceline.boxes.boxes import centres
from faceline.core.columns import BOX_COLUMNS
from faceline.data.crops.params import CropParams
from faceline.landmarks.detected.detected_faces import DETECTED_BOX, DETECTED_POINTS
from faceline.landmarks.errors.nme import nme_eye_center
from faceline.landmarks.evaluation.evaluation_report import ced_table, write_evaluation_report
from faceline.landmarks.evaluation.measurement import (
    by_group,
    compare_with_detector,
    jittered_boxes,
    measure,
    summarise,
)
from faceline.landmarks.evaluation.params import LandmarkEvaluationParams
from faceline.points.points import points_of
from faceline.windows.windows import invert, net_view, transform

CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)
PARAMS = LandmarkEvaluationParams(seed=1, bootstrap_samples=200, group_attributes=["Male"])
SHIFT = np.array([0.8, -0.5])


class ColourPredictor:
    """Stands in for the net: knows the dots' colours, and is off by a constant (in photo px, nearly)."""

    def __init__(self):
        self.views = []

    def view(self, box):
        self.views.append(net_view(box, -0.05, 64))
        return self.views[-1]

    def predict(self, images, to_image):
        points = np.array([colour_spots(image) for image in images])
        return points + SHIFT, np.full((len(images), 5), 0.9)


@pytest.fixture
def crops(tmp_path):
    crops = packed_set(tmp_path / "set", 60, CROP, labels="people")
    crops.rows["Male"] = np.arange(60) % 3 == 0
    return crops


@pytest.fixture
def found(crops):
    return detections(crops.rows)


def test_only_test_faces_are_measured_and_errors_are_those_of_the_shift(crops, found):
    predictor = ColourPredictor()
    faces = measure(predictor, crops, "mtcnn", found, PARAMS)
    assert list(faces.rows.image_id) == list(crops.rows.image_id[crops.rows.split == "test"])
    metrics = summarise(faces, pd.Series(["swapped_eyes", "unreadable", "swapped_eyes"]), PARAMS)
    eyes = np.linalg.norm(faces.truth[:, 1] - faces.truth[:, 0], axis=1)
    assert metrics["images"] == 12
    assert metrics["nme_eye_center"] == pytest.approx(np.mean(np.hypot(*SHIFT) / eyes), rel=0.25)
    assert metrics["nme_eye_center_low"] < metrics["nme_eye_center"] < metrics["nme_eye_center_high"]
    by_point = [metrics[f"nme_{name}"] for name in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")]
    assert np.mean(by_point) == pytest.approx(metrics["nme_eye_center"])
    assert (metrics["defects"], metrics["defects_swapped_eyes"], metrics["defects_unreadable"]) == (3, 2, 1)
    assert (metrics["detector_looked"], metrics["detector_missed"]) == (12, 0)
    assert all(isinstance(value, int | float) for value in metrics.values())


def test_offsets_are_taken_off_both(crops, found):
    """The stand-in is off by a constant, and so are the detections of the set: nothing but their scatter is left."""
    predictor = ColourPredictor()
    faces = measure(predictor, crops, "mtcnn", found, PARAMS)
    compared = compare_with_detector(faces, predictor, crops, found)
    compared |= summarise(faces, pd.Series([], dtype=str), PARAMS)
    eyes = np.linalg.norm(faces.truth[:, 1] - faces.truth[:, 0], axis=1)
    assert compared["nme_eye_center_detector_points"] == pytest.approx(np.mean(np.sqrt(2) / eyes))
    for name in ("nme_eye_center_detector_points", "nme_eye_center_detector_box"):
        assert compared[f"{name}_offset_free"] < 0.35 * compared[name]


class BoxPredictor(ColourPredictor):
    """Puts every point at the middle of the net's view: what it says hangs on the box alone."""

    def predict(self, images, to_image):
        middles = to_image @ np.array([32.0, 32.0, 1.0])
        return np.repeat(middles[:, None], 5, axis=1), np.full((len(images), 5), 0.9)


def test_the_comparison_takes_the_detectors_boxes_and_never_the_annotated_ones(crops, found):
    found[DETECTED_BOX] += [9.0, -4.0, 3.0, 0]
    boxes = [crops.rows.assign(x=crops.rows.x + by) for by in (0, 5)]
    compared = []
    for rows in boxes:
        crops.rows = rows
        predictor = BoxPredictor()
        faces = measure(predictor, crops, "mtcnn", found, PARAMS)
        compared.append(compare_with_detector(faces, predictor, crops, found))
    assert compared[0] == compared[1]
    assert compared[0]["nme_eye_center_detector_box_offset_free"] > 0.01


def test_the_net_looks_where_the_detector_found_a_face(crops, found):
    predictor = ColourPredictor()
    found[DETECTED_BOX] += [2.0, 0, 0, 0]
    measure(predictor, crops, "mtcnn", found, PARAMS)
    boxes = crops.rows[crops.rows.split == "test"][BOX_COLUMNS].to_numpy(float)
    annotated = [net_view(box, -0.05, 64) for box in boxes]
    detected = [net_view(box + np.array([2, 0, 0, 0]), -0.05, 64) for box in boxes]
    np.testing.assert_allclose(predictor.views[:12], annotated)
    by_kind = [predictor.views[12:24], predictor.views[24:36]]
    assert [np.allclose(views, detected) for views in by_kind] == [True, False]  # the others are jittered
    assert np.abs(np.array(by_kind[1]) - annotated).max() > 0.5


def test_faces_the_detector_missed_stay_out_of_the_comparison(crops, found):
    test = found.index[found.split == "test"]
    found.loc[test[:5], [*DETECTED_BOX, *DETECTED_POINTS]] = np.nan
    predictor = ColourPredictor()
    faces = measure(predictor, crops, "mtcnn", found, PARAMS)
    left = faces.truth[5:]
    eyes = np.linalg.norm(left[:, 1] - left[:, 0], axis=1)
    compared = compare_with_detector(faces, predictor, crops, found)
    assert compared["nme_eye_center_detector_points"] == pytest.approx(np.mean(np.sqrt(2) / eyes))
    assert summarise(faces, pd.Series([], dtype=str), PARAMS)["detector_missed"] == 5
    table = ced_table(faces, with_detector_points=True)
    assert table["detector_points"].iloc[-1] == 1
    assert list(table) == ["nme_eye_center", "annotated_box", "jittered_box", "detector_box", "detector_points"]


def test_jitter_has_the_range_it_says():
    boxes = np.tile([10, 20, 50, 80.0], (4000, 1))
    moved = jittered_boxes(boxes, 0.08, np.random.default_rng(0))
    shift = (centres(moved) - centres(boxes)) / 80
    scale = moved[:, 2:] / boxes[:, 2:] - 1
    for values in (shift, scale):
        assert 0.079 < np.abs(values).max() <= 0.08
        assert values.std() == pytest.approx(0.08 / np.sqrt(3), rel=0.05)
    np.testing.assert_allclose(scale[:, 0], scale[:, 1])


def test_groups_split_the_faces(crops, found):
    faces = measure(ColourPredictor(), crops, "mtcnn", found, PARAMS)
    table = by_group(faces, PARAMS).set_index("value")
    male = faces.rows.Male.to_numpy().astype(bool)
    assert table.faces.to_dict() == {"yes": male.sum(), "no": (~male).sum()}
    expected = nme_eye_center(faces.predicted[male], faces.truth[male]).mean()
    assert table.nme_eye_center["yes"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("labels", "column"), [("people", True), ("unknown", True), ("dataset", False), ("synthetic", False)]
)
def test_the_report_is_whole_and_the_same_every_time(crops, found, tmp_path, labels, column):
    crops.metadata["labels"] = labels
    faces = measure(ColourPredictor(), crops, "mtcnn", found, PARAMS)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_evaluation_report(tmp_path / name, faces, crops, PARAMS)
    names = ["ced.csv", "groups.csv", "per_face.csv", "summary.json", "worst_faces.png"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    summary = json.loads((tmp_path / "one/summary.json").read_text())
    known = {"source": "selected", "labels": labels, "boxes": "dataset", "apart": "people"}
    assert summary == known | {"detector": "mtcnn"}
    assert ("detector_points" in (tmp_path / "one/ced.csv").read_text()) is column


def test_bootstrap_goes_by_what_the_splits_keep_together(crops, found):
    faces = measure(ColourPredictor(), crops, "mtcnn", found, PARAMS)
    assert len(set(faces.groups)) == faces.rows.person.nunique() < 12
    crops.rows[["person", "group"]] = ["", "1193"]  # all cut out of one photo: no resampling can tell it from itself
    faces = measure(ColourPredictor(), crops, "mtcnn", found, PARAMS)
    metrics = summarise(faces, pd.Series([], dtype=str), PARAMS)
    assert metrics["nme_eye_center_low"] == pytest.approx(metrics["nme_eye_center_high"])


def test_truth_and_windows_fit_the_net_view(crops):
    facts = crops.rows[crops.rows.split == "test"]
    for box, points in zip(facts[BOX_COLUMNS].to_numpy(float), points_of(facts), strict=True):
        inside = transform(invert(net_view(box, -0.05, 64)), points)
        assert ((inside > 5) & (inside < 59)).all()


def test_faces_of_which_the_detector_knows_nothing_are_not_counted(crops, found):
    own = found[found.split == "train"]
    predictor = ColourPredictor()
    faces = measure(predictor, crops, "yunet", own, PARAMS)
    metrics = summarise(faces, pd.Series([], dtype=str), PARAMS)
    assert (metrics["detector_looked"], metrics["defects"]) == (0, 0)
    assert "nme_eye_center_detector_box" not in metrics
    assert compare_with_detector(faces, predictor, crops, own) == {}


def test_faces_of_which_an_attribute_is_unknown_belong_to_neither_group(crops, found):
    crops.rows["Male"] = pd.array([1, 0, None] * 20, "Int8")
    faces = measure(ColourPredictor(), crops, "mtcnn", found, PARAMS)
    table = by_group(faces, PARAMS).set_index("value")
    known = faces.rows.Male.dropna()
    assert table.faces.to_dict() == {"yes": int((known == 1).sum()), "no": int((known == 0).sum())}
    assert len(known) < len(faces.rows)


def test_what_is_known_of_no_test_face_makes_no_groups(crops, found):
    crops.rows["Male"] = pd.array([1 if split == "train" else None for split in crops.rows.split], "Int8")
    assert by_group(measure(ColourPredictor(), crops, "mtcnn", found, PARAMS), PARAMS).empty
