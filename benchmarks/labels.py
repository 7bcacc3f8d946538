"""Wrong labels put among the right ones, and how many of them `faceline labels` lists.

    python -m benchmarks.labels --celeba data/celeba --yunet yunet.onnx --sface sface.onnx --name celeba-small

People of CelebA's identity list, halved by a hash of their numbers; `--half dev` is for trying things out. In each of
several draws a share of the photos is given the label of another person, drawn at random, or a few people are split
into two labels. All thresholds come from the mixed labels themselves, as the verb takes them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.clusters import HALVES
from benchmarks.experiments import revision
from benchmarks.field_faces import add_options, by_hash, embed_people, photos_of_people
from faceline.core.files import replacing, write_text
from faceline.labels.doubtful import FAR, MIN_PHOTOS, OTHER_NEARER, DoubtfulLabels, doubtful_labels

SHARES = (0.0, 0.02, 0.05)
SEEDS = range(1, 11)
SPLIT_PEOPLE = 10
SPLIT_PHOTOS = 10  # of a person who is split, at least
WAYS = {
    "either": lambda reason: True,
    f"`{FAR}`": lambda reason: FAR in reason,
    f"`{OTHER_NEARER}`": lambda reason: OTHER_NEARER in reason,
    "both": lambda reason: FAR in reason and OTHER_NEARER in reason,
}


@dataclass(frozen=True)
class Photos:
    """Photos with a usable face.

    Attributes:
        rows: image_id and person.
        embeddings: (n, dim) unit vectors.
        failed: photos without a usable face.
    """

    rows: pd.DataFrame
    embeddings: np.ndarray
    failed: int

    def of(self, people: set[int]) -> Photos:
        """Those of some people who have enough of them to be judged."""
        counts = self.rows.groupby("person").person.transform("size")
        keep = (self.rows.person.isin(people) & (counts >= MIN_PHOTOS)).to_numpy()
        return Photos(self.rows[keep].reset_index(drop=True), self.embeddings[keep], self.failed)


def read_photos(options: argparse.Namespace) -> Photos:
    """Embeds all photos, or takes what an earlier run kept."""
    if options.embeddings is None or not options.embeddings.exists():
        found = embed_people(photos_of_people(options.celeba), options.celeba, options.yunet, options.sface)
        kept = {"names": np.array(found.names), "person": found.person, "emb": found.embeddings}
        kept["failed"] = np.array(found.failed)
        if options.embeddings is not None:
            with replacing(options.embeddings) as path:
                np.savez(path, **kept)
    else:
        with np.load(options.embeddings) as file:
            kept = dict(file)
    rows = pd.DataFrame({"image_id": kept["names"], "person": kept["person"]})
    return Photos(rows, kept["emb"], int(kept["failed"]))


def half_of(photos: Photos, half: str) -> Photos:
    """The photos of every second person in the order of a hash of their numbers."""
    people = by_hash(photos.rows.person.unique().tolist())
    return photos.of(set(people[HALVES[half] :: 2]))


def with_wrong_labels(person: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Labels of which a share is replaced by other people's."""
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(person), round(share * len(person)), replace=False)
    names = np.unique(person)
    mixed = person.copy()
    for row in wrong:
        mixed[row] = rng.choice(names[names != person[row]])
    return mixed


def with_split_people(person: np.ndarray, seed: int) -> tuple[np.ndarray, dict[int, int]]:
    """Labels under which half of the photos of some people, drawn at random, has a new name: and which has which."""
    rng = np.random.default_rng(seed)
    names, counts = np.unique(person, return_counts=True)
    chosen = rng.choice(names[counts >= SPLIT_PHOTOS], SPLIT_PEOPLE, replace=False)
    new = {int(name): int(names.max()) + 1 + place for place, name in enumerate(chosen)}
    mixed = person.copy()
    for name, other in new.items():
        own = rng.permutation(np.flatnonzero(person == name))
        mixed[own[: len(own) // 2]] = other
    return mixed, new


def listed(found: DoubtfulLabels, way: str) -> set[str]:
    """The photos that are listed for some of the reasons."""
    return {row.image_id for row in found.photos.itertuples() if WAYS[way](row.reason)}


def measure_wrong(photos: Photos, share: float, seed: int) -> dict[str, tuple[int, int, int]]:
    """For each way of reading the list: wrong labels, those listed, and right (or original) ones listed."""
    person = photos.rows.person.to_numpy()
    mixed = with_wrong_labels(person, share, seed)
    found = doubtful_labels(photos.rows.assign(person=mixed), photos.embeddings)
    wrong = set(photos.rows.image_id[mixed != person])
    return {
        way: (len(wrong), len(wrong & names), len(names - wrong))
        for way in WAYS
        if (names := listed(found, way)) or True
    }


def measure_split(photos: Photos, seed: int) -> tuple[int, int, int]:
    """Splits tried, splits found, and other pairs listed."""
    mixed, new = with_split_people(photos.rows.person.to_numpy(), seed)
    found = doubtful_labels(photos.rows.assign(person=mixed), photos.embeddings)
    pairs = {frozenset(pair) for pair in found.pairs[["person", "other_person"]].to_numpy().tolist()}
    tried = {frozenset(pair) for pair in new.items()}
    return len(tried), len(tried & pairs), len(pairs - tried)
