"""Photos of people through OpenCV's YuNet and SFace: embeddings for benchmarks about people, without any training."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from faceline.alignment.fit.alignment import fit_alignment
from faceline.boxes.boxes import iou
from faceline.detection.detections import Detections, DetectorSettings
from faceline.detectors.yunet import Yunet
from faceline.galleries.quality import face_quality
from faceline.galleries.rows import FaceQuality
from faceline.imaging.progress import track
from faceline.pipeline.face_pipeline import default_align, sample_tile
from faceline.pipeline.photo_files import read_photos


@dataclass(frozen=True)
class PeoplePhotos:
    """Photos with a face that was found, and whose each is.

    Attributes:
        names: (n,) of the photos.
        person: (n,) labels.
        embeddings: (n, 128) unit vectors.
        quality: of each face.
        failed: photos without a usable face.
    """

    names: list[str]
    person: np.ndarray
    embeddings: np.ndarray
    quality: list[FaceQuality]
    failed: int


def add_options(parser: ArgumentParser) -> None:
    """The options that say where photos and models are."""
    parser.add_argument("--celeba", type=Path, default=Path("data/celeba"), help="a folder in CelebA's layout")
    parser.add_argument("--yunet", type=Path, required=True, help="face_detection_yunet_2023mar.onnx")
    parser.add_argument("--sface", type=Path, required=True, help="face_recognition_sface_2021dec.onnx")


def by_hash(values: Sequence) -> list:
    """In the order of the SHA-256 of their text, which hangs on nothing else."""
    return sorted(values, key=lambda value: hashlib.sha256(str(value).encode()).hexdigest())


def photos_of_people(celeba: Path) -> dict[int, list[str]]:
    """The photos of each person of CelebA's identity list, both in the order of `by_hash`."""
    photos: dict[int, list[str]] = {}
    for line in (celeba / "identity_CelebA.txt").read_text().splitlines():
        photo, person = line.split()
        photos.setdefault(int(person), []).append(photo)
    return {person: by_hash(photos[person]) for person in by_hash(photos)}


def embed_people(photos: dict[int, list[str]], celeba: Path, yunet: Path, sface: Path) -> PeoplePhotos:
    """Embeds the annotated person of each photo: the face that overlaps the annotated box most."""
    boxes = _boxes(celeba)
    detector = Yunet(DetectorSettings(str(yunet), min_face_px=20, max_photo_px=1024, min_score=None, device="cpu"))
    recogniser = cv2.FaceRecognizerSF.create(str(sface), "")
    owners = {photo: person for person, own in photos.items() for photo in own}
    names, people, embeddings, quality = [], [], [], []
    paths = [celeba / "img_celeba" / photo for photo in owners]
    for photo in read_photos(track(paths, "embed")):
        name = Path(photo.name).name
        found = Detections.none() if photo.image is None else detector.find([photo.image])[0]
        overlap = iou(found.boxes, boxes[name])
        if not (overlap > 0).any():
            continue
        best = int(overlap.argmax())
        fit = fit_alignment(found.points[best][None], default_align())
        if fit.reason[0]:
            continue
        tile = sample_tile(photo.image, fit.to_photo[0], 112)
        vector = recogniser.feature(np.ascontiguousarray(tile[..., ::-1]))[0]
        names.append(name)
        people.append(owners[name])
        embeddings.append(vector / np.linalg.norm(vector))
        quality.append(face_quality(tile, found.points[best], fit.to_photo[0], float(found.scores[best])))
    failed = len(owners) - len(names)
    return PeoplePhotos(names, np.array(people), np.array(embeddings, np.float32), quality, failed)


def _boxes(celeba: Path) -> dict[str, np.ndarray]:
    lines = (celeba / "list_bbox_celeba.txt").read_text().splitlines()[2:]
    rows = (line.split() for line in lines)
    return {row[0]: np.array(row[1:], float) for row in rows}
