"""Verification on insightface's pair sets, whose faces come aligned: nothing is detected."""

from pathlib import Path

import numpy as np

from faceline.aligned_sets.face_records import SIDE_PX
from faceline.aligned_sets.pair_bins import read_pair_bin
from faceline.alignment.geometry.template import template
from faceline.core.errors import InputError
from faceline.imaging.images import decode_rgb
from faceline.measuring.verify import Verification, verify_scores
from faceline.pipeline.face_pipeline import FaceEmbedder
from faceline.pipeline.progress import track

_BATCH = 256


def verify_bin(path: Path, embedder: FaceEmbedder, flip: bool = True) -> Verification:
    """Embeds the faces of a pair set and judges its pairs by the ten-fold protocol.

    Nobody knows who the people are, so that every pair counts as two of its own.

    Args:
        flip: embeddings are the mean of a face's and its mirror image's.

    Raises:
        InputError: no pair set, an image in it cannot be read or is not of 112 x 112 px, or the recogniser wants
            faces aligned otherwise.
    """
    pairs = read_pair_bin(path)
    aligned = embedder.metadata["align"]
    if aligned["size_px"] != SIDE_PX or not np.allclose(aligned["template"], template(SIDE_PX), atol=1e-3):
        raise InputError(
            f"{path}: its faces lie on ArcFace's template at {SIDE_PX} px, the recogniser was trained on others, at "
            f"{aligned['size_px']} px"
        )
    embeddings = []
    for start in track(range(0, len(pairs.images), _BATCH), "embed", f"batch of {_BATCH} faces"):
        encoded = pairs.images[start : start + _BATCH]
        faces = [_face(path, place, one) for place, one in enumerate(encoded, start)]
        embeddings.append(embedder.embed(faces, flip=flip))
    first, second = (np.concatenate(embeddings)[side::2] for side in (0, 1))
    return verify_scores((first * second).sum(axis=1), pairs.same, pairs.folds, range(len(pairs.same)))


def _face(path: Path, place: int, encoded: bytes) -> np.ndarray:
    face = decode_rgb(encoded, f"{path}, image {place}")
    if face.shape[:2] != (SIDE_PX, SIDE_PX):
        raise InputError(
            f"{path}, image {place}: {face.shape[1]} x {face.shape[0]} px, expected {SIDE_PX} x {SIDE_PX}"
        )
    return face
