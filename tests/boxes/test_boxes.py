from dataclasses import asdict

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from faceline.alignment.geometry.template import TEMPLATE
from faceline.annotations.celeba import read_file
from faceline.boxes.boxes import BoxMap, box_around, contain, iou
from faceline.points.points import points_of
from real_data import SHARED, needs_celeba


def test_iou_equals_torchvision():
    rng = np.random.default_rng(1)
    a, b = rng.uniform(0, 50, (2, 40, 4))
    corners = [torch.tensor(np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)) for boxes in (a, b)]
    np.testing.assert_allclose(iou(a[:, None], b[None]), box_iou(*corners).numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("point", "inside"), [((10, 20), True), ((40, 60), True), ((9.9, 30), False), ((20, 60.1), False)]
)
def test_points_on_the_edges_lie_in_the_box(point, inside):
    assert contain(np.array([10.0, 20, 30, 40]), np.array(point)) == inside


def test_empty_boxes_overlap_nothing():
    assert iou(np.zeros(4), np.zeros(4)) == 0


def test_box_map_recovers_a_known_map_despite_outliers():
    rng = np.random.default_rng(2)
    source = rng.uniform(20, 100, (41, 4))
    known = BoxMap(1.19, 1.3, 0.02, -0.1)
    target = known.apply(source)
    target[:10] = rng.uniform(0, 500, (10, 4))
    fitted = BoxMap.fit(source, target)
    np.testing.assert_allclose(fitted.apply(source[10:]), target[10:], atol=1e-6)
    assert BoxMap(**asdict(fitted)) == fitted


def test_box_follows_celebas_convention():
    box = box_around(np.array([(100, 100), (130, 100), (115, 120), (103, 140), (127, 140)], float))
    np.testing.assert_allclose(box, (115 - 89.5 / 2, 120 - 1.385 * 89.5 / 2, 89.5, 1.385 * 89.5))


def test_box_round_landmarks_holds_them():
    assert contain(box_around(TEMPLATE), TEMPLATE).all()


@needs_celeba
def test_box_round_landmarks_agrees_with_annotated_boxes():
    boxes = read_file(SHARED / "celeba/list_bbox_celeba.txt", "boxes")[["x", "y", "width", "height"]].to_numpy(float)
    ours = box_around(points_of(read_file(SHARED / "celeba/list_landmarks_celeba.txt", "landmarks")))
    assert np.median(iou(boxes, ours)) > 0.75
    assert np.median(ours[:, 2] / boxes[:, 2]) == pytest.approx(1, abs=0.05)
