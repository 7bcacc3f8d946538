"""Impostor scores of a photo against several photos of somebody else: the comparison that a search makes.

By the mean: the mean of k embeddings, brought back to unit length, has lost part of what differs between the k photos
and nothing of what they share with other people. By the nearest: the largest of k scores. Either way impostor scores
are larger than those of single photos: a threshold from pairs of photos gives too many false matches.
"""

from typing import Literal

import numpy as np

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.rate import MIN_FALSE_MATCHES, MIN_PERSON_PAIRS
from faceline.evaluation.verification.score_tail import ScoreTail, stored_ranks

MIN_OWNERS = 5  # people with templates; fewer have not ten pairs among them
BINS = 1 << 16  # of -1..1: thresholds are on a grid of 3e-5

SearchKind = Literal["mean", "nearest"]


def template_rows(dev: Comparisons, photos: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Which photos make the templates of `photos` photos of one person each.

    Of a person with n photos, in random order, every run of `photos` neighbours is a template, the last photo being
    followed by the first: n templates, or one where n is `photos`. People with fewer photos have none.

    Returns:
        (m, photos) rows of `dev.query`, and (m,) person codes, ascending.
    """
    generator = np.random.default_rng(seed)
    templates, owners = [np.empty((0, photos), int)], [np.empty(0, int)]
    for person, rows in enumerate(dev.slices()):
        own = generator.permutation(np.arange(rows.start, rows.stop))
        if len(own) < photos:
            continue
        starts = np.arange(len(own) if len(own) > photos else 1)
        templates.append(own[(starts[:, None] + np.arange(photos)) % len(own)])
        owners.append(np.full(len(starts), person))
    return np.concatenate(templates), np.concatenate(owners)


def mean_templates(dev: Comparisons, rows: np.ndarray) -> np.ndarray:
    """(m, dim) mean embeddings, of unit length, of (m, k) rows of `dev.query`."""
    sums = dev.query[rows[:, 0]]
    for column in rows.T[1:]:
        sums += dev.query[column]
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def nearest_scores(probes: np.ndarray, photos: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n, m) the largest of each probe's scores to the photos of each template.

    Args:
        probes: (n, dim) unit vectors.
        photos: (p, dim) unit vectors.
        rows: (m, k) of `photos`.
    """
    single = probes @ photos.T
    best = single[:, rows[:, 0]]
    for column in rows.T[1:]:
        np.maximum(best, single[:, column], out=best)
    return best


def template_tail(dev: Comparisons, photos: int, seed: int = 1, search: SearchKind = "mean") -> ScoreTail | None:
    """The tail of every dev photo against every template of `photos` photos of another person.

    Args:
        search: whether a photo is compared with a template's mean, or with the nearest of its photos.

    Returns:
        None where fewer than `MIN_OWNERS` people have so many photos, or fewer than ten pairs of people are compared.
    """
    template_photos, owner = template_rows(dev, photos, seed)
    means = mean_templates(dev, template_photos) if search == "mean" else None
    owners, starts = np.unique(owner, return_index=True)
    histogram = np.zeros(BINS + 1, np.int64)
    leaders = np.empty((0, 2))  # pairs of people as one number, and their largest score
    for person, rows in enumerate(dev.slices()):
        others = owner != person
        if rows.start == rows.stop or not others.any():
            continue
        probes = dev.query[rows]
        scores = nearest_scores(probes, dev.query, template_photos) if means is None else probes @ means.T
        cells = ((scores[:, others].clip(-1, 1) + 1) / 2 * BINS).astype(int)
        histogram += np.bincount(cells.ravel(), minlength=BINS + 1)
        best = np.maximum.reduceat(scores.max(axis=0), starts)[owners != person]
        other = owners[owners != person]
        pairs = np.minimum(person, other) * len(dev.names) + np.maximum(person, other)
        leaders = _largest_by_pair(np.vstack([leaders, np.column_stack([pairs, best])]))
    if len(owners) < MIN_OWNERS or len(leaders) < MIN_PERSON_PAIRS:
        return None
    total = int(histogram.sum())
    at_or_above = histogram[::-1].cumsum()[::-1]
    ranks = stored_ranks(total)
    # the lowest edge at or above which no more than so many scores lie
    bins = np.searchsorted(-at_or_above, -np.array(ranks))
    tenth = int((leaders[-1, 1].clip(-1, 1) + 1) / 2 * BINS)
    return ScoreTail(
        comparisons=total,
        smallest_fmr=max(MIN_FALSE_MATCHES, int(at_or_above[tenth])) / total,
        thresholds=tuple((2 * bins / BINS - 1).tolist()),
        false_matches=tuple(ranks),
    )


def _largest_by_pair(leaders: np.ndarray) -> np.ndarray:
    """(n, 2) the largest score of each pair of people, descending, of no more pairs than are needed."""
    leaders = leaders[np.argsort(-leaders[:, 1], kind="stable")]
    _, first = np.unique(leaders[:, 0], return_index=True)
    return leaders[np.sort(first)[:MIN_PERSON_PAIRS]]
