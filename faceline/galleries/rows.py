"""What a gallery keeps of a photo, and the names that it takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.pipeline.photo_files import as_text

MAX_NAME = 200
SAME_PHOTO = 0.9999  # cosine; a photo embedded twice, in other batches, differs in its last digits
ROUNDING = 1e-6  # of a unit vector's length in float32: such a vector is kept to the bit
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class FaceQuality:
    """How good a photo of a face is for enrolment.

    Attributes:
        sharpness: variance of the Laplacian of the aligned face's grey levels (0..255); low for a blurred face and
            for a small one.
        face_px: side, in photo px, of the square that the aligned face covers.
        yaw: where the nose lies between the eyes, along the line of the eyes: 0 in the middle, -1 at the viewer's
            left eye, 1 at the right one. Grows with the turn of the head; no angle.
        pitch: where the nose lies between the line of the eyes and the mouth, less what the frontal template has, in
            distances between these two: over 0 for a head bent down, below for one bent up; no angle.
        score: the detector's, 0..1.
    """

    sharpness: float
    face_px: float
    yaw: float
    pitch: float
    score: float


QUALITY_COLUMNS = tuple(one.name for one in fields(FaceQuality))


@dataclass(frozen=True)
class PhotoRow:
    """An enrolled photo.

    Attributes:
        name: whose it is.
        photo: name of the file, without its folders.
        embedding: (dim,) unit vector; where `photos` is over 1, the sum of so many.
        enrolled: when, UTC, ISO 8601.
        quality: None where it was not measured.
        photos: 1, but for rows of galleries that kept only one sum a person.
        id: the row's number in its gallery, never given twice; None before it has one.
    """

    name: str
    photo: str
    embedding: np.ndarray
    enrolled: str
    quality: FaceQuality | None = None
    photos: int = 1
    id: int | None = None


def file_name(path: str) -> str:
    """The name of a file as it is stored: no folders, and text in one line whatever bytes it is made of."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", as_text(Path(path).name))


def normalised_name(name: str) -> str:
    """One spelling for each name."""
    return unicodedata.normalize("NFC", name).strip()


def checked_name(name: str) -> str:
    """A name as it is stored: one spelling for each, and nothing that would spoil a line of output.

    Raises:
        InputError: no such name.
    """
    clean = normalised_name(name)
    if fault := name_fault(clean):
        raise InputError(fault)
    return clean


def name_fault(name: str) -> str:
    """Why a name cannot be stored; empty where it can."""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return f"{name[:80]!r}: a name has 1 to {MAX_NAME} printable characters"
    if name == "unknown":
        return "unknown: this name stands for people who are not enrolled; choose another"
    return ""


def checked_row(row: PhotoRow, dim: int) -> PhotoRow:
    """A row as it is stored: its name and file as they are spelled, the embedding of one photo with length 1.

    Raises:
        InputError: no such name.
        ValueError: an embedding of another size than `dim`, zero, or not finite.
    """
    vector = np.asarray(row.embedding, np.float64)
    if vector.shape != (dim,):
        raise ValueError(f"{row.name}: expected an embedding of {dim} numbers, got {vector.shape}")
    length = np.linalg.norm(vector)
    if not np.isfinite(length) or not length:
        raise ValueError(f"{row.name}: embeddings must be finite and not zero")
    stretched = row.photos == 1 and abs(length - 1) > ROUNDING
    embedding = vector / length if stretched else vector
    return replace(row, name=checked_name(row.name), photo=file_name(row.photo), embedding=embedding)


def same_photo(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two embeddings, or sums of as many, are those of one photo."""
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return bool(np.dot(first, second) > SAME_PHOTO * lengths)


def find_photo(place: Path | str, name: str, held: Sequence[tuple[int, str]], wanted: str) -> int:
    """The id of a photo of `name`.

    Args:
        place: the gallery, for messages.
        held: ids and files of the person.
        wanted: a file, by its name whatever the folder, or an id.

    Raises:
        InputError: there is no such photo, or several of that name.
    """
    found = [number for number, photo in held if photo == file_name(wanted)]
    found = found or [number for number, _ in held if str(number) == wanted]
    if len(found) > 1:
        numbers = ", ".join(map(str, found))
        raise InputError(f"{place}: {name!r} has {len(found)} photos called {wanted}; give an id: {numbers}")
    if not found:
        raise InputError(f"{place}: {name!r} has no photo {wanted}; `faceline list --photos` has all with their ids")
    return found[0]
