"""A detector trained on photographs finds the synthetic faces."""

import io
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pytest
from PIL import Image

from faceline.sample.dataset import draw_shoot, plan_shoots

PHOTOS = 100


def overlap(a, b):
    """Intersection over union of two boxes given as corners."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    common = np.prod(np.clip(high - low, 0, None))
    return common / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common)


@pytest.fixture(scope="module")
def findings(shipped_params):
    """Per photo: the best overlap of a detection with the box, and its points' distances in eye distances."""
    import torch
    from facenet_pytorch import MTCNN

    torch.set_num_threads(1)
    detector = MTCNN(keep_all=True)
    shoots = [s for s in plan_shoots(shipped_params) if s.kind == "good" and s.box_known][:PHOTOS]
    found = []
    for shoot in shoots:
        jpeg, box, points, _ = draw_shoot(shoot, shipped_params)
        boxes, _, marks = detector.detect(Image.open(io.BytesIO(jpeg)), landmarks=True)
        truth = np.concatenate([box[:2], box[:2] + box[2:]]).astype(float)
        if boxes is None:
            found.append((0.0, None))
            continue
        overlaps = [overlap(np.asarray(found_box, float), truth) for found_box in boxes]
        best = int(np.argmax(overlaps))
        eyes = np.linalg.norm(points[1] - points[0])
        distances = np.linalg.norm(np.asarray(marks[best], float) - points, axis=1) / eyes
        found.append((overlaps[best], distances))
    return found


def test_the_detector_finds_the_annotated_faces(findings):
    assert np.mean([best >= 0.4 for best, _ in findings]) >= 0.9


def test_the_detectors_points_lie_near_the_annotated_ones(findings):
    distances = np.array([d for best, d in findings if best >= 0.4])
    assert distances.mean() < 0.1
    assert distances.mean(0).max() < 0.12
