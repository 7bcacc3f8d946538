"""A tiny landmark set: coloured dots on noise, one colour a point, boxes in CelebA's convention round them."""

import numpy as np
import pandas as pd

from faceline.imaging.images import encode_jpeg
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.landmarks.training.params import LandmarkAugmentation, LandmarkParams
from faceline.data.crops.cropping import crop_faces
from faceline.core.columns import BOX_COLUMNS
from faceline.geometry.boxes import BoxMap, box_around
from faceline.geometry.points import point_table
from faceline.landmarks.sets.detections import DETECTED_COLUMNS

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


class Drawings:
    """Stands in for `Photos`."""

    def __init__(self, encoded):
        self._encoded = encoded

    def read(self, image_id):
        return self._encoded[image_id]


def drawn_faces(count, seed=0, size=120):
    """(rows, photos): a landmark table with splits 60 / 20 / 20, two photos a person, and its photos."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(-0.2, 0.2, count)
    turns = np.stack([np.cos(turn), -np.sin(turn), np.sin(turn), np.cos(turn)], axis=1).reshape(-1, 2, 2)
    faces = FACE * rng.uniform(10, 14, (count, 1, 1)) @ turns + rng.uniform(50, 70, (count, 1, 2))
    ids = [f"drawn_{number:06d}.jpg" for number in range(count)]
    splits = np.array(["train"] * 6 + ["dev"] * 2 + ["test"] * 2, dtype=object)
    facts = {
        "image_id": ids,
        "person": [str(number // 2) for number in range(count)],
        "split": splits[np.arange(count) % 10],
    }
    boxes = pd.DataFrame(box_around(faces), columns=BOX_COLUMNS)
    rows = pd.concat([pd.DataFrame(facts), boxes, point_table(faces)], axis=1)
    photos = {name: encode_jpeg(draw(face, size, rng, 2.5), 95) for name, face in zip(ids, faces, strict=True)}
    return rows, Drawings(photos)


def packed_set(folder, count, crop, labels="drawn", seed=0):
    """Writes and opens a `landmark_crops` set of drawn faces whose detections are the boxes and points, shifted."""
    rows, photos = drawn_faces(count, seed)
    boxes = BoxMap(0.8, 0.7, 0.02, -0.03).apply(rows[BOX_COLUMNS].to_numpy())
    points = rows.iloc[:, -10:].to_numpy() + 1.0
    detected = pd.DataFrame(np.hstack([boxes, points]), columns=DETECTED_COLUMNS)
    detected.loc[rows.split == "dev"] = np.nan
    metadata = {
        "kind": "landmark_crops",
        "source": "selected",
        "labels": labels,
        "box_map": BoxMap.fit(boxes, rows[BOX_COLUMNS].to_numpy()).to_facts(),
        "defects": {"swapped_eyes": 2},
        "detector_looked": int((rows.split == "test").sum()),
        "detector_missed": 0,
    }
    folder.mkdir(parents=True)
    with PackedWriter(folder, metadata) as writer:
        for facts, images in crop_faces(photos, pd.concat([rows, detected], axis=1), crop):
            writer.write(facts, images)
    return PackedSet(folder)
