"""A tiny landmark set: coloured dots on noise, one colour a point, boxes in CelebA's convention round them."""

from collections import Counter

import numpy as np
import pandas as pd

from faceline.boxes.boxes import box_around
from faceline.core.columns import BOX_COLUMNS
from faceline.data.crops.cropping import crop_faces
from faceline.imaging.images import encode_jpeg
from faceline.landmarks.detected.detected_faces import DETECTED_BOX, DETECTED_POINTS
from faceline.landmarks.training.params import LandmarkAugmentation, LandmarkParams
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.points.points import point_table, points_of

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]
FACE = np.array([[-1, -1], [1, -1], [0, 0.15], [-0.75, 1.05], [0.75, 1.05]])

NO_AUGMENTATION = LandmarkAugmentation(
    flip=0, rotation_deg=0, scale=0, shift=0, brightness=0, contrast=0, colour=0, blur=0, occlusion=0
)
PARAMS = LandmarkParams(
    seed=3,
    source="selected",
    annotations="-",
    images="-",
    margin=-0.05,
    input_px=64,
    stacks=2,
    channels=16,
    depth=2,
    sigma_px=1.5,
    epochs=3,
    batch_size=8,
    learning_rate=0.01,
    weight_decay=1e-4,
    warmup_epochs=0.5,
    clip_norm=1.0,
    ema_decay=0.9,
    augmentation=NO_AUGMENTATION.model_copy(update={"flip": 0.5, "scale": 0.1, "rotation_deg": 10.0}),
)


def draw(points, size, rng, radius_px):
    """Soft dots at sub-pixel places on noise."""
    photo = rng.integers(60, 120, (size, size, 3)).astype(float)
    ys, xs = np.mgrid[:size, :size]
    for (x, y), colour in zip(points, COLOURS, strict=True):
        alpha = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * radius_px**2))[..., None]
        photo = photo * (1 - alpha) + alpha * np.array(colour)
    return photo.round().astype(np.uint8)


class CountedPhotos:
    """Stands in for `Photos` and counts how often each was read."""

    def __init__(self, encoded):
        self.encoded = encoded
        self.reads = Counter()

    def read(self, image_id):
        self.reads[image_id] += 1
        return self.encoded[image_id]


def synthetic_faces(count, seed=0, size=120):
    """(rows, photos): a landmark table with splits 60 / 20 / 20, two photos a person, and its photos."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(-0.2, 0.2, count)
    turns = np.stack([np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)], axis=1).reshape(-1, 2, 2)
    faces = FACE * rng.uniform(10, 14, (count, 1, 1)) @ turns + rng.uniform(50, 70, (count, 1, 2))
    ids = [f"drawn_{number:06d}.jpg" for number in range(count)]
    splits = np.array(["train"] * 6 + ["dev"] * 2 + ["test"] * 2, dtype=object)
    first = {
        "image_id": ids,
        "person": [str(number // 2) for number in range(count)],
        "group": [str(number // 2) for number in range(count)],
        "split": splits[np.arange(count) % 10],
    }
    boxes = pd.DataFrame(box_around(faces), columns=BOX_COLUMNS)
    rows = pd.concat([pd.DataFrame(first), boxes, point_table(faces)], axis=1)
    photos = {name: encode_jpeg(draw(face, size, rng, 2.5), 95) for name, face in zip(ids, faces, strict=True)}
    return rows, CountedPhotos(photos)


def packed_set(folder, count, crop, labels="synthetic", seed=0):
    """Writes and opens a `landmark_crops` set of synthetic faces."""
    rows, photos = synthetic_faces(count, seed)
    folder.mkdir(parents=True)
    known = {"source": "selected", "labels": labels, "boxes": "dataset", "apart": "people"}
    with PackedWriter(folder, {"kind": "landmark_crops", **known}) as writer:
        for part, images in crop_faces(photos, rows, crop):
            writer.write(part, images)
    return PackedSet(folder)


def detections(rows):
    """What a detector of exact boxes (in the set's convention) found: points off by a pixel, no dev faces."""
    looked = rows[rows.split != "dev"]
    found = np.hstack([looked[BOX_COLUMNS].to_numpy(float), points_of(looked).reshape(-1, 10) + 1.0])
    index = pd.Index(looked.image_id, name="image_id")
    table = pd.DataFrame(found, columns=[*DETECTED_BOX, *DETECTED_POINTS], index=index)
    table.insert(0, "split", looked.split.to_numpy())
    return table


def colour_spots(image):
    """(5, 2) where the colours of the points lie, by the centre of mass of likeness to them."""
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]]
    spots = []
    for colour in COLOURS:
        weight = np.clip(150 - np.abs(image.astype(float) - np.array(colour)).sum(axis=2), 0, None)
        spots.append([(xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum()])
    return np.array(spots)
