"""Which photos make up each step of an epoch."""

from __future__ import annotations

import numpy as np

from faceline.core.errors import InputError


def shuffled_batches(count: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Every photo at most once, in random order; a last, smaller batch is left out unless it is the only one.

    A handful of photos would give BatchNorm statistics of nothing in particular.
    """
    order = rng.permutation(count)
    steps = max(1, count // batch_size)
    return [order[step * batch_size : (step + 1) * batch_size] for step in range(steps)]


def people_batches(
    labels: np.ndarray, people_per_batch: int, photos_per_person: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """P x K batches: several photos of several people in each, as triplets need.

    People take turns in random order; a person with fewer photos than asked for gives some of them twice. There
    are as many steps as photos fill.

    Raises:
        InputError: there are fewer people than a batch needs.
    """
    photos = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    if len(photos) < people_per_batch:
        raise InputError(
            f"recognition.losses.triplet.people_per_batch: {people_per_batch}, but there are only {len(photos)} "
            "people to train on"
        )
    turns: list[int] = []
    batches = []
    for _ in range(max(1, len(labels) // (people_per_batch * photos_per_person))):
        if len(turns) < people_per_batch:
            # another round; those who still wait from the last one come late in it, so that no batch has them twice
            turns += sorted(rng.permutation(len(photos)).tolist(), key=turns.__contains__)
        chosen, turns = turns[:people_per_batch], turns[people_per_batch:]
        batches.append(np.concatenate([_draw(photos[person], photos_per_person, rng) for person in chosen]))
    return batches


def _draw(photos: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    whole, rest = divmod(count, len(photos))
    return np.concatenate([np.tile(photos, whole), rng.choice(photos, rest, replace=False)])
