"""Embeddings of people's photos, a folder for each person, as the table that the evaluations read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.annotating.annotate import people_in
from faceline.core.columns import IMAGE_ID, PERSON
from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.imaging.progress import track
from faceline.pipeline.found_faces import main_face
from faceline.pipeline.load import Loaded
from faceline.pipeline.photo_files import read_photos


@dataclass(frozen=True)
class PeopleEmbeddings:
    """A folder's photos.

    Attributes:
        table: a row a photo: image_id (its path below the folder), person (the folder's name), role, status (`ok`, or
            why there is no embedding).
        failures: (photo, reason) of those without.
        several_faces: photos with more than one face, where the large, central one was taken.
    """

    table: EmbeddingTable
    failures: list[tuple[str, str]]
    several_faces: list[str]


def embed_people(folder: Path, loaded: Loaded, role: Callable[[int], str]) -> PeopleEmbeddings:
    """Embeds the main face of every photo.

    Args:
        loaded: a pipeline with a recogniser.
        role: the role of a person with so many photos.

    Raises:
        InputError: no folders of photos, or photos of one person alone.
    """
    people = people_in(folder)
    if len(people) < 2:
        raise InputError(f"{folder}: photos of {len(people)} person; comparing takes two people or more")
    owners = [(name, path) for name, paths in people.items() for path in paths]
    failures, several_faces, rows = [], [], []
    vectors = np.full((len(owners), loaded.dim), np.nan, np.float32)
    found_faces = loaded.pipeline.run(read_photos(track([path for _, path in owners], "embed")), "embed")
    for number, ((name, path), found) in enumerate(zip(owners, found_faces, strict=True)):
        image_id = path.relative_to(folder).as_posix()
        face = main_face(found)
        status = OK
        if face is None:
            rejected = sorted({face.reject for face in found.faces})
            status = found.status if found.status != OK else rejected[0]
            failures.append((image_id, found.reasons))
        else:
            vectors[number] = face.embedding
            if len(found.faces) > 1:
                several_faces.append(image_id)
        rows.append((image_id, name, role(len(people[name])), "", status))
    table = pd.DataFrame(rows, columns=[IMAGE_ID, PERSON, "role", "split", "status"])
    return PeopleEmbeddings(EmbeddingTable(table, vectors, {"model": loaded.model}), failures, several_faces)
