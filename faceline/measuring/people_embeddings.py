"""Embeddings of people's photos as the table that the evaluations read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from faceline.boxes.boxes import iou
from faceline.core.columns import IMAGE_ID, PERSON
from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.imaging.progress import track
from faceline.measuring.people_photos import PeoplePhotos
from faceline.pipeline.found_faces import FoundFace, PhotoFaces, main_face
from faceline.pipeline.load import Loaded

MIN_IOU = 0.4  # overlap with the annotated box under which a face found is somebody else's
NO_MATCH = "no_match"


@dataclass(frozen=True)
class PeopleEmbeddings:
    """Embeddings of people's photos.

    Attributes:
        table: a row a photo, as `PeoplePhotos.rows` has it, with role, split and status (`ok`, or why there is no
            embedding).
        failures: (photo, reason) of those without.
        several_faces: photos with more than one face: the large, central one was taken, or the one that is annotated.
    """

    table: EmbeddingTable
    failures: list[tuple[str, str]]
    several_faces: list[str]


def embed_people(people: PeoplePhotos, loaded: Loaded, role: Callable[[int], str]) -> PeopleEmbeddings:
    """Embeds the face that each photo is about.

    Args:
        loaded: a pipeline with a recogniser.
        role: the role of a person with so many photos.
    """
    failures, several_faces, statuses = [], [], []
    vectors = np.full((len(people), loaded.dim), np.nan, np.float32)
    found_faces = loaded.pipeline.run(track(people.read(), "embed", total=len(people)), "embed")
    for number, (image_id, found) in enumerate(zip(people.rows[IMAGE_ID], found_faces, strict=True)):
        face, status, reason = subject(found, None if people.boxes is None else people.boxes[number])
        if face is None:
            failures.append((image_id, reason))
        else:
            vectors[number] = face.embedding
            if len(found.faces) > 1:
                several_faces.append(image_id)
        statuses.append(status)
    photos = people.rows.groupby(PERSON)[IMAGE_ID].transform("size")
    rows = people.rows.assign(role=photos.map(role), split="", status=statuses)
    return PeopleEmbeddings(EmbeddingTable(rows, vectors, {"model": loaded.model}), failures, several_faces)


def subject(found: PhotoFaces, annotated: np.ndarray | None) -> tuple[FoundFace | None, str, str]:
    """The face that a photo is about, its status, and for people why there is none.

    Args:
        annotated: (4,) the box of the person's face, photo px, in CelebA's convention; None where there is none: the
            large, central face is then taken.
    """
    if annotated is None or not found.faces:
        face = main_face(found)
        if face is not None:
            return face, OK, ""
        status = found.status if found.status != OK else sorted({face.reject for face in found.faces})[0]
        return None, status, found.reasons
    overlaps = iou(np.stack([face.celeba_box for face in found.faces]), annotated)
    best = int(overlaps.argmax())
    if overlaps[best] < MIN_IOU:
        return None, NO_MATCH, f"no face found where the annotated box is (best IoU {overlaps[best]:.2f})"
    face = found.faces[best]
    return (None, face.reject, face.reject) if face.reject else (face, OK, "")
