"""The photos of one training: whose they are, what each is for, and their pixels, in memory or decoded each time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from faceline.core.errors import InputError
from faceline.imaging.images import at_size, decode_all, decode_rgb
from faceline.imaging.progress import track
from faceline.packed.sets import PackedSet
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.streaming import FacesStreamed
from faceline.training.transfer import to_device


class FacesInMemory:
    """Photos decoded once; on a GPU they lie in its memory."""

    def __init__(self, images: Tensor) -> None:
        self._images = images

    def batch(self, positions: np.ndarray) -> Tensor:
        """(n, 3, px, px) uint8 RGB."""
        if self._images.is_cuda:
            return self._images[to_device(torch.from_numpy(positions), self._images.device)]
        # Not torch's indexing: in the thread that works ahead it would start a second team of OpenMP threads, and
        # with more of those than cores libgomp lets none of them wait actively: every operation of the training
        # would be slower by the time it takes to wake a thread.
        return torch.from_numpy(self._images.numpy()[positions])


class FacesDecoded:
    """Photos kept as files are, decoded anew each time by threads."""

    def __init__(self, encoded: Sequence[bytes], px: int, workers: int) -> None:
        self._encoded = encoded
        self._px = px
        self._pool = ThreadPoolExecutor(max(1, workers))

    def batch(self, positions: np.ndarray) -> Tensor:
        """(n, 3, px, px) uint8 RGB."""
        images = list(self._pool.map(lambda i: at_size(decode_rgb(self._encoded[i]), self._px), positions))
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


Faces = FacesInMemory | FacesDecoded | FacesStreamed


@dataclass(frozen=True)
class TrainingData:
    """Photos of people to train on, and of others to choose the checkpoint on.

    Attributes:
        faces: all of the photos.
        image_ids: (n,) their names.
        persons: (n,) whom they show.
        people: the persons trained on, ascending: the order of the head.
        train, val: positions of the training people's photos; `val` may be empty.
        dev: positions of the dev people's photos.
    """

    faces: Faces
    image_ids: np.ndarray
    persons: np.ndarray
    people: list[int]
    train: np.ndarray
    val: np.ndarray
    dev: np.ndarray

    def labels(self, positions: np.ndarray) -> np.ndarray:
        """(n,) int64: which of `people` each photo shows."""
        return np.searchsorted(self.people, self.persons[positions])


def load_data(aligned: PackedSet, params: RecognitionParams, workers: int, device: torch.device) -> TrainingData:
    """Reads what training needs of a set of aligned faces: role train (split train and val) and role dev.

    Raises:
        InputError: fewer than two people to train on, or dev people that give no pairs to judge by.
    """
    table = aligned.rows
    purpose = table["role"].mask(table["role"] == "train", table["split"]).to_numpy()
    rows = np.flatnonzero(np.isin(purpose, ["train", "val", "dev"]))
    persons = table["person"].to_numpy()[rows]
    train, val, dev = (np.flatnonzero(purpose[rows] == name) for name in ("train", "val", "dev"))
    people = np.unique(persons[train]).tolist()
    if len(people) < 2:
        raise InputError(f"the aligned faces hold {len(people)} people to train on; filter.roles.train sets them")
    photos = np.unique(persons[dev], return_counts=True)[1]
    if len(photos) < 2 or photos.max() < 2:
        raise InputError(
            f"the aligned faces hold {len(dev)} photos of {len(photos)} dev people: two people, and two photos of "
            "one of them, are the least that a checkpoint can be chosen by; filter.roles.dev sets them"
        )
    val = val[np.isin(persons[val], people)]  # whoever lost all train photos to alignment cannot be recognised
    faces = _open_faces(aligned, rows, params.input_px, params.memory_budget_mb, workers, device)
    return TrainingData(faces, table["image_id"].to_numpy()[rows], persons, people, train, val, dev)


def _open_faces(
    packed: PackedSet, rows: np.ndarray, px: int, budget_mb: int, workers: int, device: torch.device
) -> Faces:
    """In memory, decoded or else as files are, where that takes at most `budget_mb`; streamed from disk elsewhere.

    Which of the first two it is changes no value; streamed, photos come in another order.
    """
    budget = budget_mb * 2**20
    if packed.image_bytes() > budget:
        return FacesStreamed(packed, rows, px, budget, workers)
    if len(rows) * 3 * px**2 > budget:
        return FacesDecoded(list(packed.encoded(rows)), px, workers)
    images = torch.empty(len(rows), 3, px, px, dtype=torch.uint8)
    decoded = decode_all(packed.encoded(rows), workers)
    for position, image in enumerate(track(decoded, "reading faces", len(rows))):
        images[position] = torch.from_numpy(at_size(image, px)).permute(2, 0, 1)
    return FacesInMemory(images.to(device))
