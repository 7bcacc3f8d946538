"""The photos of one training: whose they are, what each is for, and their pixels."""

from dataclasses import dataclass

import numpy as np
import torch

from faceline.core.errors import InputError
from faceline.packed.sets import PackedSet
from faceline.recognition.training.face_store import Faces, open_faces
from faceline.recognition.training.params import RecognitionParams


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
    purpose = np.select(
        [
            (table["role"] == "train") & (table["split"] == "train"),
            (table["role"] == "train") & (table["split"] == "val"),
            table["role"] == "dev",
        ],
        ["train", "val", "dev"],
        default="",
    )
    rows = np.flatnonzero(purpose != "")
    purpose = purpose[rows]
    persons = table["person"].to_numpy()[rows]
    train, val, dev = (np.flatnonzero(purpose == name) for name in ("train", "val", "dev"))
    people = sorted(int(person) for person in np.unique(persons[train]))
    if len(people) < 2:
        raise InputError(f"the aligned faces hold {len(people)} people to train on; filter.roles.train sets them")
    photos = np.unique(persons[dev], return_counts=True)[1]
    if len(photos) < 2 or photos.max() < 2:
        raise InputError(
            f"the aligned faces hold {len(dev)} photos of {len(photos)} dev people: two people, and two photos of "
            "one of them, are the least that a checkpoint can be chosen by; filter.roles.dev sets them"
        )
    val = val[np.isin(persons[val], people)]  # whoever lost all train photos to alignment cannot be recognised
    faces = open_faces(aligned, rows, params.input_px, params.memory_budget_mb, workers, device)
    return TrainingData(faces, table["image_id"].to_numpy()[rows], persons, people, train, val, dev)
