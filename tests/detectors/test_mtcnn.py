"""The cascade: its parts against other ways of saying the same, the whole against facenet-pytorch's own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from facenet_pytorch import MTCNN
from PIL import Image

from faceline.boxes.boxes import iou
from faceline.detection.detections import DetectorSettings
from faceline.detectors import mtcnn
from faceline.detectors.mtcnn import Mtcnn, MtcnnNets, find_faces, torch_nets
from real_data import SHARED, needs_celeba


@pytest.fixture(scope="module")
def nets() -> MtcnnNets:
    return torch_nets()


@pytest.mark.parametrize("size", [(1, 1), (12, 12), (11, 300), (300, 15), (40, 41)])
def test_photos_too_small_for_a_face_have_none(nets: MtcnnNets, size: tuple[int, int]) -> None:
    """facenet-pytorch's `detect` raises on these."""
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert [len(found.boxes) for found in find_faces([image], nets)] == [0]


def test_nothing_in_gives_nothing_out(nets: MtcnnNets) -> None:
    assert find_faces([], nets) == []
    (found,) = find_faces([np.full((200, 300, 3), 128, np.uint8)], nets)
    assert found.boxes.shape == (0, 4)
    assert found.points.shape == (0, 5, 2)


def test_sheets_hold_every_level_once_on_the_grid() -> None:
    images = [np.zeros((h, w, 3), np.uint8) for h, w in [(480, 640), (500, 91), (37, 333), (1000, 800)]]
    levels = [tile for i, image in enumerate(images) for tile in mtcnn._levels(i, image, 20)]
    placed, sheets = mtcnn._pack(levels)
    key = [(tile.photo, tile.width, tile.height) for tile in levels]
    assert sorted((tile.photo, tile.width, tile.height) for tile in placed) == sorted(key)
    covered = [np.zeros(sheet, int) for sheet in sheets]
    for tile in placed:
        assert tile.x % 2 == tile.y % 2 == 0
        part = covered[tile.sheet][tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
        assert part.shape == (tile.height, tile.width)
        part += 1
    assert all(sheet.max() == 1 for sheet in covered)


def test_suppression_agrees_with_torchvision() -> None:
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 60, (300, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(8, 40, (300, 2))], axis=1)
    scores = (1 + rng.permutation(300).astype(np.float32)) / 300
    group = rng.integers(0, 3, 300)
    expected = torchvision.ops.batched_nms(
        torch.tensor(boxes, dtype=torch.float32), torch.tensor(scores), torch.tensor(group), 0.5
    )
    assert mtcnn._suppress(boxes, scores, group, 0.5).tolist() == sorted(expected.tolist())


def test_a_box_inside_a_better_one_goes_but_only_in_its_photo() -> None:
    boxes = np.array([[0, 0, 100, 100], [30, 30, 60, 60], [200, 0, 300, 100], [30, 30, 60, 60]], float)
    kept = mtcnn._suppress_contained(boxes, np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 0, 0, 1]), 0.7)
    assert kept.tolist() == [0, 2, 3]


def test_crops_are_black_beyond_the_photo() -> None:
    image = np.full((50, 50, 3), 255, np.uint8)
    crop = mtcnn._crops([image], np.array([0]), np.array([[-24.0, -24.0, 24.0, 24.0]]), 48)[0]
    assert crop[:, :24].max() == pytest.approx(-127.5 / 128)
    assert crop[:, 25:, 25:].min() == pytest.approx(127.5 / 128)


def corners_to_boxes(corners: np.ndarray | None) -> np.ndarray:
    if corners is None:
        return np.zeros((0, 4))
    corners = np.asarray(corners, float)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


@pytest.fixture(scope="module")
def celeba() -> tuple[list[np.ndarray], np.ndarray]:
    folder = SHARED / "celeba"
    boxes = pd.read_csv(folder / "list_bbox_celeba.txt", sep=r"\s+", skiprows=1, index_col=0)
    chosen = boxes.iloc[7::160]
    photos = [np.array(Image.open(folder / "img_celeba" / name).convert("RGB")) for name in chosen.index]
    return photos, chosen.to_numpy(float)


def recall(found: list[np.ndarray], truth: np.ndarray) -> float:
    return float(np.mean([iou(boxes, box).max(initial=0) >= 0.4 for boxes, box in zip(found, truth, strict=True)]))


@needs_celeba
def test_it_finds_what_facenet_pytorch_finds(nets: MtcnnNets, celeba: tuple) -> None:
    photos, truth = celeba
    found = [one.boxes for one in find_faces(photos, nets, 40)]
    theirs = MTCNN(keep_all=True, min_face_size=40)
    expected = [corners_to_boxes(theirs.detect(photo)[0]) for photo in photos]
    assert recall(found, truth) >= recall(expected, truth)
    subject = [
        (ours[iou(ours, box).argmax()], other[iou(other, box).argmax()])
        for ours, other, box in zip(found, expected, truth, strict=True)
        if len(ours) and len(other)
    ]
    ours, other = (np.array(boxes) for boxes in zip(*subject, strict=True))
    assert np.median(iou(ours, other)) > 0.88
    # the box map is fitted on facenet-pytorch's boxes, so ours must not be larger or elsewhere
    offset = ((ours[:, :2] + ours[:, 2:] / 2) - (other[:, :2] + other[:, 2:] / 2)) / other[:, 2:]
    assert np.abs(np.median(offset, axis=0)).max() < 0.02
    assert np.abs(np.median(ours[:, 2:] / other[:, 2:], axis=0) - 1).max() < 0.04


@needs_celeba
def test_batches_of_different_sizes_change_nothing(nets: MtcnnNets, celeba: tuple) -> None:
    photos = celeba[0][:8]
    assert len({photo.shape for photo in photos}) > 1
    together = find_faces(photos, nets, 30)
    for photo, found in zip(photos, together, strict=True):
        (alone,) = find_faces([photo], nets, 30)
        assert alone.boxes == pytest.approx(found.boxes, abs=0.05)
        assert alone.scores == pytest.approx(found.scores, abs=1e-3)


@needs_celeba
def test_points_lie_on_the_faces(nets: MtcnnNets, celeba: tuple) -> None:
    """Against the set's own points, which facenet-pytorch's MTCNN found."""
    photos, truth = celeba
    points = pd.read_csv(SHARED / "celeba" / "list_landmarks_celeba.txt", sep=r"\s+", skiprows=1)
    points = points.iloc[7::160].to_numpy(float).reshape(-1, 5, 2)
    errors = []
    for found, box, expected in zip(find_faces(photos, nets, 40), truth, points, strict=True):
        best = iou(found.boxes, box).argmax()
        distance = np.linalg.norm(found.points[best] - expected, axis=1).mean()
        errors.append(distance / np.linalg.norm(expected[0] - expected[1]))
    assert np.median(errors) < 0.04


@needs_celeba
def test_a_mirrored_photo_has_mirrored_faces(nets: MtcnnNets, celeba: tuple) -> None:
    """No offset between left and right but the net's own."""
    offsets = []
    for photo, box in zip(*celeba, strict=True):
        (plain,), (mirrored,) = find_faces([photo], nets, 40), find_faces([cv2.flip(photo, 1)], nets, 40)
        boxes = mirrored.boxes.copy()
        boxes[:, 0] = photo.shape[1] - boxes[:, 0] - boxes[:, 2]
        if len(boxes) and len(plain.boxes):
            first, second = plain.boxes[iou(plain.boxes, box).argmax()], boxes[iou(boxes, box).argmax()]
            offsets.append((second[0] + second[2] / 2 - first[0] - first[2] / 2) / first[2])
    assert len(offsets) > 25
    # the last net was trained half a pixel of its 48 off, and so twice that lies between a face and its mirror image
    assert abs(np.median(offsets)) < 0.03


def test_packaged_weights_are_there() -> None:
    import facenet_pytorch

    data = Path(facenet_pytorch.__file__).parent / "data"
    assert {"pnet.pt", "rnet.pt", "onet.pt"} <= {file.name for file in data.iterdir()}


def test_the_detector_looks_for_faces_as_small_as_asked(monkeypatch: pytest.MonkeyPatch, nets: MtcnnNets) -> None:
    asked = []

    def find(images: list, own: MtcnnNets, min_face_px: float) -> list:
        asked.append((len(images), own, min_face_px))
        return []

    monkeypatch.setattr(mtcnn, "find_faces", find)
    assert Mtcnn(DetectorSettings(min_face_px=33), nets).detect([np.zeros((9, 9, 3), np.uint8)]) == []
    assert asked == [(1, nets, 33)]


@needs_celeba
def test_boxes_under_the_smallest_face_are_kept(nets: MtcnnNets, celeba: tuple) -> None:
    """The pyramid's last regression makes some boxes smaller than what it looked for: they are faces as well."""
    photos = celeba[0][:12]
    found = Mtcnn(DetectorSettings(min_face_px=60, max_photo_px=4000), nets).find(photos)
    plain = [one.boxes[one.scores >= 0.9] for one in find_faces(photos, nets, 60)]
    assert [one.boxes.tolist() for one in found] == [boxes.tolist() for boxes in plain]
