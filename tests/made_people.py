"""Embeddings of people who do not exist: a direction each, and photos scattered round it."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import ATTRIBUTES
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.score_tail import UNSUPPORTED, ScoreTail
from faceline.galleries.rows import PhotoRow


def made_embeddings(people: int, photos: int, dim: int = 16, scatter: float = 1.5, seed: int = 0):
    """(people * photos, dim) unit vectors and their person labels, people side by side."""
    generator = np.random.default_rng(seed)
    centres = np.repeat(generator.standard_normal((people, dim)), photos, axis=0)
    embeddings = centres + scatter * generator.standard_normal(centres.shape)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings.astype(np.float32), np.repeat(np.arange(people), photos)


def made_comparisons(people=12, photos=5, outsiders=8, outsider_photos=3, seed=0, scatter=1.5, failed=0):
    """Comparisons of shuffled photos, `failed` of the query's without embedding, and what they were made of."""
    embeddings, person = made_embeddings(people, photos, seed=seed, scatter=scatter)
    others, other_person = made_embeddings(outsiders, outsider_photos, seed=seed + 1, scatter=scatter)
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(embeddings))
    embeddings, person = embeddings[order], person[order]
    embeddings[generator.choice(len(embeddings), failed, replace=False)] = np.nan
    parts = embeddings, person, others, other_person + 1000
    return Comparisons.of(*parts), parts


def made_calibration(impostor, model="", people=0, photos=0) -> Calibration:
    """A calibration whose every false match count has its threshold: scores sorted in memory."""
    descending = np.sort(np.asarray(impostor, np.float32))[::-1].tolist()
    count = len(descending)
    smallest = min(10 / count, UNSUPPORTED)
    tail = ScoreTail(
        comparisons=count, smallest_fmr=smallest, thresholds=descending, false_matches=tuple(range(count))
    )
    return Calibration(model=model, people=people, photos=photos, pairs=tail)


def all_scores(embeddings, person, others=None, other_person=None):
    """Genuine and impostor scores by plain loops; a failed photo gives -inf in genuine pairs and no impostor pair."""
    genuine, impostor = [], []
    for i in range(len(embeddings)):
        for j in range(i + 1, len(embeddings)):
            score = float(np.dot(embeddings[i].astype(float), embeddings[j].astype(float)))
            if person[i] == person[j]:
                genuine.append(-np.inf if np.isnan(score) else score)
            elif not np.isnan(score):
                impostor.append(score)
        if others is not None and not np.isnan(embeddings[i]).any():
            impostor.extend((others.astype(float) @ embeddings[i].astype(float)).tolist())
    return np.array(genuine), np.array(impostor)


def made_table(sizes=None, dim=32, scatter=1.1, failed=0.0, seed=0) -> EmbeddingTable:
    """A table as the stage embed writes it. `sizes`: role -> (people, photos of each)."""
    sizes = sizes or {"train": (6, 10), "dev": (20, 5), "query": (20, 6), "distractor": (15, 3)}
    generator = np.random.default_rng(seed)
    rows, vectors = [], []
    first_person = 1
    for number, (role, (people, photos)) in enumerate(sizes.items()):
        embeddings, person = made_embeddings(people, photos, dim, scatter, seed + number)
        for index, code in enumerate(person):
            place = index % photos
            split = ("train" if place < 7 else "val" if place < 8 else "test") if role == "train" else ""
            ok = generator.random() >= failed
            row = {
                "image_id": f"drawn_{len(rows):06d}.jpg",
                "person": first_person + int(code),
                "role": role,
                "split": split,
            }
            row |= dict.fromkeys(ATTRIBUTES, 0) | {"Male": int(code % 2), "Smiling": index % 2}
            row |= {
                "status": "ok" if ok else "eyes_too_close",
                "head_label": first_person + int(code) if role == "train" and ok else -1,
            }
            rows.append(row)
            vectors.append(embeddings[index] if ok else np.full(dim, np.nan))
        first_person += people
    return EmbeddingTable(pd.DataFrame(rows), np.array(vectors, np.float32), {"model": "m" * 64, "synthetic": True})


GALLERY_MODEL = "a" * 64
GALLERY_DIM = 16


def unit(count: int, seed: int = 0, dim: int = GALLERY_DIM) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def photo_rows(people: Mapping[str, np.ndarray], enrolled: str = "2020-01-01") -> list[PhotoRow]:
    """A gallery's rows of people's embeddings, in photos called 1.jpg, 2.jpg, ..."""
    return [
        PhotoRow(name, f"{number}.jpg", vector, enrolled)
        for name, vectors in people.items()
        for number, vector in enumerate(vectors, 1)
    ]


_EARLIER = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE people (
    name TEXT PRIMARY KEY,
    total BLOB NOT NULL,
    photos INTEGER NOT NULL CHECK (photos > 0),
    updated TEXT NOT NULL
);
PRAGMA journal_mode = WAL;
"""


def write_earlier_gallery(path: Path, totals: Mapping[str, np.ndarray], counts: Mapping[str, int]) -> None:
    """A gallery of the form that kept one sum of embeddings a person."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(_EARLIER)
    facts = {"format": "faceline gallery 1", "model": GALLERY_MODEL, "dim": str(GALLERY_DIM)}
    database.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
    rows = [(name, total.astype("<f4").tobytes(), counts[name], "2020-01-01") for name, total in totals.items()]
    database.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", rows)
    database.close()
