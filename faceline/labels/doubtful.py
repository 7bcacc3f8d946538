"""Which labels embeddings contradict.

A photo's own similarity is that to the centre of its person's other photos, so that a wrong photo does not pull what
it is compared with. Both thresholds come from the people at hand, as the median and so many times 1.4826 median
absolute deviations (Hampel, JASA 69, 1974; Leys et al., J. Exp. Soc. Psychol. 49, 2013): a standard deviation where
values are normally distributed, and one that less than half of the values, wrong labels say, cannot carry away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from faceline.core.columns import IMAGE_ID, PERSON
from faceline.core.errors import InputError
from faceline.labels.centres import centre, similarities_to_others

MIN_PHOTOS = 3  # with an embedding, for a person to be judged: of two that differ either may be wrong
STRANGERS = 2.326  # deviations above the median: one in a hundred similarities to other people's centres is higher
HALVES = 3.0  # deviations below the median similarity of two halves of one person's photos
FAR, OTHER_NEARER = "far", "other_nearer"
_NORMAL = 1.4826
_ROWS = 4096
_BINS = np.linspace(-1, 1, 4001)  # of similarities


@dataclass(frozen=True)
class DoubtfulLabels:
    """What the embeddings contradict.

    Attributes:
        photos: the most doubtful first: image_id, person, reason (`far`, `other_nearer`, or both with `; ` between),
            similarity (to the centre of the person's other photos), other_person (whose centre is nearest),
            other_similarity.
        pairs: people whose centres coincide, the nearest first: person, other_person, similarity, photos,
            other_photos.
        far_below: own similarities below are far: no nearer than strangers may be.
        same_from: similarities of centres from here on are one person's; NaN where halves of one person are no nearer
            than strangers, so that the recogniser cannot tell and no pairs are listed.
        judged, people: photos and people that were judged; the others have too few photos with an embedding.
    """

    photos: pd.DataFrame
    pairs: pd.DataFrame
    far_below: float
    same_from: float
    judged: int
    people: int


def doubtful_labels(rows: pd.DataFrame, embeddings: np.ndarray) -> DoubtfulLabels:
    """Judges every photo and every pair of people.

    Args:
        rows: image_id and person of n photos, index 0..n-1.
        embeddings: (n, dim) unit vectors; NaN where there is none.

    Raises:
        InputError: fewer than two people have enough photos with an embedding.
    """
    ok = np.flatnonzero(~np.isnan(embeddings).any(axis=1))
    names, code = np.unique(rows[PERSON].to_numpy()[ok], return_inverse=True)
    vectors = np.asarray(embeddings, float)[ok]
    members = [np.flatnonzero(code == person) for person in range(len(names))]
    large = np.array([len(own) >= MIN_PHOTOS for own in members])
    if large.sum() < 2:
        raise InputError(
            f"{large.sum()} of {len(names)} people have {MIN_PHOTOS} photos with a usable face; it takes two"
        )
    centres = np.stack([centre(vectors[own]) for own in members])
    own = np.full(len(ok), np.nan)
    for theirs in (theirs for theirs, enough in zip(members, large, strict=True) if enough):
        own[theirs] = similarities_to_others(vectors[theirs])
    halves = [_halves(vectors[members[person]]) for person in np.flatnonzero(large)]
    same_from = robust_limit(np.array(halves), -HALVES)
    nobody = np.empty((0, 2), int)
    strangers = _Strangers(vectors, code, centres, nobody)
    tells = same_from > strangers.limit
    twins = _coinciding(centres, large, same_from) if tells else nobody
    if len(twins):
        strangers = _Strangers(vectors, code, centres, twins)
    nearest, other = strangers.nearest, strangers.similarity
    judged = large[code]
    far_below = strangers.limit
    far, nearer = judged & (own < far_below), judged & (other > own)
    found = np.flatnonzero(far | nearer)
    found = found[np.argsort(own[found] - other[found], kind="stable")]
    reasons = ["; ".join(name for name, flags in ((FAR, far), (OTHER_NEARER, nearer)) if flags[one]) for one in found]
    photos = pd.DataFrame(
        {
            IMAGE_ID: rows[IMAGE_ID].to_numpy()[ok[found]],
            PERSON: names[code[found]],
            "reason": reasons,
            "similarity": own[found],
            "other_person": names[nearest[found]],
            "other_similarity": other[found],
        }
    )
    pairs = pd.DataFrame(
        {
            PERSON: names[twins[:, 0]],
            "other_person": names[twins[:, 1]],
            "similarity": (centres[twins[:, 0]] * centres[twins[:, 1]]).sum(axis=1),
            "photos": [len(members[one]) for one in twins[:, 0]],
            "other_photos": [len(members[one]) for one in twins[:, 1]],
        }
    )
    return DoubtfulLabels(
        photos=photos,
        pairs=pairs.sort_values("similarity", ascending=False, kind="stable", ignore_index=True),
        far_below=far_below,
        same_from=same_from if tells else math.nan,
        judged=int(judged.sum()),
        people=int(large.sum()),
    )


def robust_limit(values: np.ndarray, deviations: float, counts: np.ndarray | None = None) -> float:
    """The median of the values and so many of their deviations.

    Args:
        counts: how often each value counts; once without it.
    """
    middle = _median(values, counts)
    return float(middle + deviations * _NORMAL * _median(np.abs(values - middle), counts))


def _median(values: np.ndarray, counts: np.ndarray | None) -> float:
    if counts is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    below = np.cumsum(counts[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])


class _Strangers:
    """Photos against the centres of other people; two people who may be one are no strangers to each other.

    Attributes:
        nearest, similarity: (n,) the other person whose centre is nearest to each photo, and how near it is.
        limit: few similarities of a photo to another person's centre are higher.
    """

    def __init__(self, vectors: np.ndarray, code: np.ndarray, centres: np.ndarray, twins: np.ndarray) -> None:
        self.nearest, self.similarity = np.empty(len(vectors), int), np.empty(len(vectors))
        counts = np.zeros(len(_BINS) - 1, int)
        for start in range(0, len(vectors), _ROWS):
            rows = slice(start, start + _ROWS)
            scores = vectors[rows] @ centres.T
            same = np.zeros(scores.shape, bool)
            same[np.arange(len(scores)), code[rows]] = True
            for one, other in twins:
                same[code[rows] == one, other] = True
                same[code[rows] == other, one] = True
            counts += np.histogram(scores[~same].clip(-1, 1), _BINS)[0]
            scores[same] = -np.inf
            self.nearest[rows] = scores.argmax(axis=1)
            self.similarity[rows] = scores.max(axis=1)
        self.limit = robust_limit((_BINS[:-1] + _BINS[1:]) / 2, STRANGERS, counts)


def _halves(vectors: np.ndarray) -> float:
    """The similarity of the centres of two halves of a person's photos: what two labels of one person look like."""
    return float(centre(vectors[::2]) @ centre(vectors[1::2]))


def _coinciding(centres: np.ndarray, large: np.ndarray, same_from: float) -> np.ndarray:
    """(m, 2) people, the smaller code first, as near each other as two halves of one person's photos."""
    found = [np.empty((0, 2), int)]
    for start in range(0, len(centres), _ROWS):
        first, second = np.nonzero(centres[start : start + _ROWS] @ centres.T >= same_from)
        pairs = np.stack([first + start, second], axis=1)
        found.append(pairs[(pairs[:, 0] < pairs[:, 1]) & large[pairs].all(axis=1)])
    return np.concatenate(found)
