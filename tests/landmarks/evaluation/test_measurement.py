import numpy as np
import pytest
from tiny_landmarks import COLOURS, packed_set

from faceline.core.columns import BOX_COLUMNS
from faceline.data.crops.params import CropParams
from faceline.evaluation.verification.params import EvaluationParams
from faceline.geometry.boxes import BoxMap, centres
from faceline.geometry.points import points_of
from faceline.landmarks.errors.nme import nme_eye_center
from faceline.landmarks.evaluation.evaluation_report import ced_table, write_evaluation_report
from faceline.landmarks.evaluation.measurement import by_group, compare_with_mtcnn, jittered_boxes, measure, summarise
from faceline.windows.windows import invert, net_view, transform

CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)
PARAMS = EvaluationParams(seed=1, bootstrap_samples=200, block_mb=64, group_attributes=["Male"], flip=True)
SHIFT = np.array([0.8, -0.5])


class ColourPredictor:
    """Stands in for the net: knows the dots' colours, and is off by a constant (in photo px, nearly)."""

    box_map = BoxMap()

    def __init__(self):
        self.views = []

    def view(self, box):
        self.views.append(net_view(box, -0.05, 64))
        return self.views[-1]

    def predict(self, images, to_image):
        points = []
        for image in images:
            ys, xs = np.mgrid[: image.shape[0], : image.shape[1]]
            face = []
            for colour in COLOURS:
                weight = np.clip(150 - np.abs(image.astype(float) - np.array(colour)).sum(axis=2), 0, None)
                face.append([(xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()])
            points.append(face)
        return np.array(points) + SHIFT, np.full((len(images), 5), 0.9)


@pytest.fixture
def crops(tmp_path):
    crops = packed_set(tmp_path / "set", 60, CROP, labels="people")
    crops.facts["Male"] = np.arange(60) % 3 == 0
    return crops


def test_only_test_faces_are_measured_and_errors_are_those_of_the_shift(crops):
    predictor = ColourPredictor()
    faces = measure(predictor, crops, PARAMS)
    assert list(faces.facts.image_id) == list(crops.facts.image_id[crops.facts.split == "test"])
    metrics = summarise(faces, crops.metadata, PARAMS)
    eyes = np.linalg.norm(faces.truth[:, 1] - faces.truth[:, 0], axis=1)
    assert metrics["images"] == 12
    assert metrics["nme_eye_center"] == pytest.approx(np.mean(np.hypot(*SHIFT) / eyes), rel=0.25)
    assert metrics["nme_eye_center_low"] < metrics["nme_eye_center"] < metrics["nme_eye_center_high"]
    by_point = [metrics[f"nme_{name}"] for name in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")]
    assert np.mean(by_point) == pytest.approx(metrics["nme_eye_center"])
    assert metrics["defects"] == metrics["defects_swapped_eyes"] == 2
    assert metrics["detector_looked"] == 12
    assert all(isinstance(value, int | float) for value in metrics.values())


def test_offsets_are_taken_off_both(crops):
    """The stand-in is off by a constant, and so are the detections of the set: nothing but their scatter is left."""
    predictor = ColourPredictor()
    faces = measure(predictor, crops, PARAMS)
    compared = compare_with_mtcnn(faces, predictor, crops)
    assert compared["mtcnn_found"] == 12
    eyes = np.linalg.norm(faces.truth[:, 1] - faces.truth[:, 0], axis=1)
    assert compared["mtcnn_nme_eye_center"] == pytest.approx(np.mean(np.sqrt(2) / eyes))
    for name in ("mtcnn_nme_eye_center", "nme_eye_center_mtcnn_faces"):
        assert compared[f"{name}_offset_free"] < 0.35 * compared[name]


def test_detected_boxes_go_through_the_models_box_map(crops):
    predictor = ColourPredictor()
    predictor.box_map = BoxMap.from_facts(crops.metadata["box_map"])
    measure(predictor, crops, PARAMS)
    test = crops.facts[crops.facts.split == "test"]
    expected = [net_view(box, -0.05, 64) for box in test[BOX_COLUMNS].to_numpy(float)]
    np.testing.assert_allclose(predictor.views[:12], expected)
    np.testing.assert_allclose(predictor.views[12:24], expected, atol=1e-6)  # detections of the set are exact
    assert np.abs(np.array(predictor.views[24:36]) - expected).max() > 0.5  # the jittered ones


def test_faces_the_detector_missed_stay_out_of_the_comparison(crops):
    test = np.flatnonzero(crops.facts.split == "test")
    crops.facts.loc[test[:5], [name for name in crops.facts if name.startswith("detected_")]] = np.nan
    predictor = ColourPredictor()
    faces = measure(predictor, crops, PARAMS)
    assert compare_with_mtcnn(faces, predictor, crops)["mtcnn_found"] == 7
    table = ced_table(faces, with_mtcnn=True)
    assert table["mtcnn_points"].iloc[-1] == 1
    assert list(table) == ["nme_eye_center", "annotated_box", "jittered_box", "detector_box", "mtcnn_points"]


def test_jitter_has_the_range_it_says():
    boxes = np.tile([10, 20, 50, 80.0], (4000, 1))
    moved = jittered_boxes(boxes, 0.08, np.random.default_rng(0))
    shift = (centres(moved) - centres(boxes)) / 80
    scale = moved[:, 2:] / boxes[:, 2:] - 1
    for values in (shift, scale):
        assert 0.079 < np.abs(values).max() <= 0.08
        assert values.std() == pytest.approx(0.08 / np.sqrt(3), rel=0.05)
    np.testing.assert_allclose(scale[:, 0], scale[:, 1])


def test_groups_split_the_faces(crops):
    faces = measure(ColourPredictor(), crops, PARAMS)
    table = by_group(faces, PARAMS).set_index("value")
    male = faces.facts.Male.to_numpy().astype(bool)
    assert table.faces.to_dict() == {"yes": male.sum(), "no": (~male).sum()}
    expected = nme_eye_center(faces.predicted[male], faces.truth[male]).mean()
    assert table.nme_eye_center["yes"] == pytest.approx(expected)


@pytest.mark.parametrize(("labels", "column"), [("people", True), ("derived", False), ("drawn", False)])
def test_the_report_is_whole_and_the_same_every_time(crops, tmp_path, labels, column):
    faces = measure(ColourPredictor(), crops, PARAMS)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_evaluation_report(tmp_path / name, faces, crops, labels, PARAMS)
    names = ["ced.csv", "ced.png", "groups.csv", "per_face.csv", "worst_faces.png"]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert ("mtcnn_points" in (tmp_path / "one/ced.csv").read_text()) is column


def test_bootstrap_goes_by_person_where_known_and_by_photo_where_not(crops):
    faces = measure(ColourPredictor(), crops, PARAMS)
    assert len(set(faces.groups)) == faces.facts.person.nunique() < 12
    faces.facts["person"] = ""
    assert len(set(faces.groups)) == 12


def test_truth_and_windows_fit_the_net_view(crops):
    facts = crops.facts[crops.facts.split == "test"]
    for box, points in zip(facts[BOX_COLUMNS].to_numpy(float), points_of(facts), strict=True):
        inside = transform(invert(net_view(box, -0.05, 64)), points)
        assert ((inside > 5) & (inside < 59)).all()
