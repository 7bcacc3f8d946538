"""MTCNN over many photos of any sizes at once.

The three nets and their weights are those of the `facenet-pytorch` package (Zhang et al., Joint Face Detection and
Alignment using Multitask Cascaded Convolutional Networks, IEEE SPL 23(10), 2016). The cascade round them is our own:
pyramid levels of many photos share sheets that go through the first net together, candidates of all photos share
batches of the other two, and all else is numpy and OpenCV. Boxes inside this module are corners x1, y1, x2, y2 in
pixel-corner terms (x1 = 0 is the left edge of the first pixel).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceline.detection.detections import Detections, Detector, DetectorSettings
from faceline.imaging.images import at_size

PNET_CELL_PX = 12
PNET_STRIDE_PX = 2
PYRAMID_FACTOR = 0.709
SHEET_PX = 512
CROPS_PER_BATCH = 512

Net = Callable[[np.ndarray], tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class MtcnnNets:
    """The three nets, as functions of (n, 3, h, w) float32 input in [-1, 1).

    Attributes:
        pnet: gives corner shifts (n, 4, h', w') and face probabilities (n, 2, h', w') on a grid of stride 2.
        rnet: 24 px crops; gives shifts (n, 4) and probabilities (n, 2).
        onet: 48 px crops; gives shifts, points (n, 10: five x, then five y, in box sides) and probabilities.
    """

    pnet: Net
    rnet: Net
    onet: Net


@dataclass(frozen=True)
class _Tile:
    """One pyramid level of one photo and where it lies on its sheet."""

    photo: int
    width: int
    height: int
    sheet: int = 0
    x: int = 0
    y: int = 0


def find_faces(images: Sequence[np.ndarray], nets: MtcnnNets, min_face_px: float = 20.0) -> list[Detections]:
    """Finds the faces of RGB uint8 photos of any sizes.

    Args:
        min_face_px: side of the smallest face looked for, photo px; time grows with its inverse square.

    Returns:
        One entry per photo; a photo under `min_face_px` has none.
    """
    owner, boxes = _propose(images, nets, min_face_px)
    owner, boxes, scores, (shift,) = _judge(images, nets.rnet, owner, boxes, 24, (4,))
    kept = _suppress(boxes, scores, owner, 0.7)
    owner, boxes = owner[kept], _square(_shifted(boxes[kept], shift[kept]))
    owner, boxes, scores, (shift, share) = _judge(images, nets.onet, owner, boxes, 48, (4, 10))
    share = share.reshape(-1, 2, 5).swapaxes(1, 2)
    points = boxes[:, None, :2] + share * _sides(boxes)[:, None] - 0.5  # from pixel corners to pixel centres
    boxes = _shifted(boxes, shift)
    kept = _suppress_contained(boxes, scores, owner, 0.7)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    found = Detections(_with_sides(boxes), scores, points)
    return [found.select(kept[owner[kept] == photo]) for photo in range(len(images))]


def _propose(images: Sequence[np.ndarray], nets: MtcnnNets, min_face_px: float) -> tuple[np.ndarray, np.ndarray]:
    """First net over all pyramid levels: photo index and corners of every candidate."""
    tiles, sheets = _pack([tile for i, image in enumerate(images) for tile in _levels(i, image, min_face_px)])
    candidates = []
    for number, (sheet_height, sheet_width) in enumerate(sheets):
        sheet = np.zeros((sheet_height, sheet_width, 3), np.uint8)
        here = [(index, tile) for index, tile in enumerate(tiles) if tile.sheet == number]
        for _, tile in here:
            level = cv2.resize(images[tile.photo], (tile.width, tile.height), interpolation=cv2.INTER_AREA)
            sheet[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = level
        shift, probability = nets.pnet(_to_input(sheet[None]))
        for index, tile in here:
            top, left = tile.y // PNET_STRIDE_PX, tile.x // PNET_STRIDE_PX
            rows = slice(top, top + (tile.height - PNET_CELL_PX) // PNET_STRIDE_PX + 1)
            columns = slice(left, left + (tile.width - PNET_CELL_PX) // PNET_STRIDE_PX + 1)
            face = probability[0, 1, rows, columns]
            y, x = np.nonzero(face >= 0.6)
            corner = np.stack([x, y, x, y], axis=1) * float(PNET_STRIDE_PX) + (0, 0, PNET_CELL_PX, PNET_CELL_PX)
            height, width = images[tile.photo].shape[:2]
            boxes = corner / np.tile([tile.width / width, tile.height / height], 2)
            which = np.tile([index, tile.photo], (len(x), 1))
            candidates.append((which, boxes, face[y, x], shift[0, :, rows, columns][:, y, x].T))
    if not candidates:
        return np.zeros(0, int), np.zeros((0, 4))
    which, box, score, shift = (np.concatenate(part) for part in zip(*candidates, strict=True))
    level, owner = which.T
    kept = _suppress(box, score, level, 0.5)
    kept = kept[_suppress(box[kept], score[kept], owner[kept], 0.7)]
    return owner[kept], _square(_shifted(box[kept], shift[kept]))


def _judge(
    images: Sequence[np.ndarray], net: Net, owner: np.ndarray, boxes: np.ndarray, px: int, widths: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """A later net, of `px` input, over all candidates: owner, corners, score and other outputs of those it takes."""
    if not len(boxes):
        return owner, boxes, np.zeros(0, np.float32), [np.zeros((0, width), np.float32) for width in widths]
    crops = _crops(images, owner, boxes, px)
    parts = [net(crops[start : start + CROPS_PER_BATCH]) for start in range(0, len(crops), CROPS_PER_BATCH)]
    *others, probability = (np.concatenate(part) for part in zip(*parts, strict=True))
    kept = np.flatnonzero(probability[:, 1] > 0.7)
    return owner[kept], boxes[kept], probability[kept, 1], [other[kept] for other in others]


def _levels(photo: int, image: np.ndarray, min_face_px: float) -> list[_Tile]:
    """The pyramid of one photo: from the scale at which the smallest face fills a cell, down to a single cell."""
    height, width = image.shape[:2]
    scale = PNET_CELL_PX / min_face_px
    levels = []
    while min(height, width) * scale >= PNET_CELL_PX:
        sides = (max(PNET_CELL_PX, round(side * scale)) for side in (width, height))
        levels.append(_Tile(photo, *sides))
        scale *= PYRAMID_FACTOR
    return levels


def _pack(tiles: list[_Tile]) -> tuple[list[_Tile], list[tuple[int, int]]]:
    """Places tiles on sheets, whose (height, width) it returns as well, in shelves, tallest first.

    Even corners keep each tile on the first net's grid.
    """
    placed: list[_Tile] = []
    sheets: list[tuple[int, int]] = []
    x = y = shelf = sheet_width = sheet_height = 0
    for tile in sorted(tiles, key=lambda tile: (-tile.height, -tile.width)):
        width, height = tile.width + tile.width % 2, tile.height + tile.height % 2
        if x + width > sheet_width:  # the next shelf
            x, y, shelf = 0, y + shelf, height
            if not sheets or y + height > sheet_height:  # the next sheet
                y, sheet_width, sheet_height = 0, max(SHEET_PX, width), max(SHEET_PX, height)
                sheets.append((0, 0))
        placed.append(replace(tile, sheet=len(sheets) - 1, x=x, y=y))
        used_height, used_width = sheets[-1]
        sheets[-1] = (max(used_height, y + height), max(used_width, x + width))
        x += width
    return placed, sheets


def _to_input(images: np.ndarray) -> np.ndarray:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float32 in the nets' range."""
    return (np.moveaxis(images, -1, 1).astype(np.float32) - 127.5) * np.float32(1 / 128)


def _crops(images: Sequence[np.ndarray], owner: np.ndarray, boxes: np.ndarray, size_px: int) -> np.ndarray:
    """Square boxes cut from their photos and brought to `size_px`, black beyond the photo: (n, 3, size, size)."""
    out = np.zeros((len(boxes), size_px, size_px, 3), np.uint8)
    for row, (photo, corners) in enumerate(zip(owner, np.round(boxes).astype(int), strict=True)):
        image = images[photo]
        height, width = image.shape[:2]
        x1, y1, x2, y2 = corners.tolist()
        left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
        if right <= left or bottom <= top:
            continue
        crop = image[top:bottom, left:right]
        if (left, top, right, bottom) != (x1, y1, x2, y2):
            crop = cv2.copyMakeBorder(crop, top - y1, y2 - bottom, left - x1, x2 - right, cv2.BORDER_CONSTANT)
        out[row] = at_size(crop, size_px)
    return _to_input(out)


def _sides(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, 2:] - boxes[:, :2]


def _with_sides(boxes: np.ndarray) -> np.ndarray:
    """Corners as x, y, width, height."""
    return np.concatenate([boxes[:, :2], _sides(boxes)], axis=1)


def _shifted(boxes: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Corners moved by a share of the box's sides."""
    return boxes + shift * np.tile(_sides(boxes), 2)


def _square(boxes: np.ndarray) -> np.ndarray:
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = _sides(boxes).max(axis=1, keepdims=True) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


def _suppress(boxes: np.ndarray, scores: np.ndarray, group: np.ndarray, overlap: float) -> np.ndarray:
    """Greedy non-maximum suppression inside each group: indices kept, in their first order."""
    if not len(boxes):
        return np.zeros(0, int)
    scores, group = scores.astype(np.float32), group.astype(np.int32)
    # OpenCV takes arrays as well as the sequences that it declares
    kept = cv2.dnn.NMSBoxesBatched(_with_sides(boxes), scores, group, 0.0, overlap)  # type: ignore[arg-type]
    return np.sort(np.asarray(kept, int).ravel())


def _suppress_contained(boxes: np.ndarray, scores: np.ndarray, group: np.ndarray, overlap: float) -> np.ndarray:
    """Greedy suppression by the share of the smaller box that is covered: drops a box inside a better one."""
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        rivals = [other for other in kept if group[other] == group[index]]
        if not rivals or _covered(boxes[index], boxes[rivals]).max() <= overlap:
            kept.append(int(index))
    return np.sort(np.asarray(kept, int))


def _covered(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.clip(high - low, 0, None).prod(axis=1)
    smaller = np.minimum((box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(axis=1))
    return both / np.maximum(smaller, 1e-9)


def load_nets() -> dict:
    """The three nets as PyTorch modules, by name."""
    from facenet_pytorch.models.mtcnn import ONet, PNet, RNet  # not at import: ONNX Runtime needs none of it

    return {"pnet": PNet().eval(), "rnet": RNet().eval(), "onet": ONet().eval()}


def torch_nets(device: str = "cpu") -> MtcnnNets:
    """The nets on a device, with the weights that come in the `facenet-pytorch` package."""
    import torch

    def as_function(net: torch.nn.Module) -> Net:
        @torch.inference_mode()
        def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
            return tuple(out.cpu().numpy() for out in net(torch.from_numpy(batch).to(device)))

        return run

    return MtcnnNets(**{name: as_function(net.to(device)) for name, net in load_nets().items()})


class Mtcnn(Detector):
    """MTCNN; its nets run by torch unless others are given."""

    name = "mtcnn"
    default_min_score = 0.9
    smallest_box_px = 0.0

    def __init__(self, settings: DetectorSettings, nets: MtcnnNets | None = None) -> None:
        super().__init__(settings)
        self._nets = nets or torch_nets(settings.device)

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return find_faces(images, self._nets, self.settings.min_face_px)


DETECTOR = Mtcnn
