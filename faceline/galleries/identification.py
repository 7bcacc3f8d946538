"""Names for faces: who of a gallery is nearest, and whether that is near enough for a stated error rate."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.evaluation.verification.template_tails import SearchKind
from faceline.galleries.references import Searchable

UNKNOWN = "unknown"
DEFAULT_FPIRS = (0.01, 0.1)  # the first that the calibration supports is used when the user names none


@dataclass(frozen=True)
class OperatingPoint:
    """The thresholds in use and what they stand for.

    Attributes:
        thresholds: similarity at or below which a person is not named, by the number of photos enrolled.
        gallery_size: people enrolled, N.
        fpir: share of searches by strangers that end with a name; None for a threshold that the user set.
        fmr: the share of impostor comparisons above the threshold that this allows; None likewise.
        supported: whether the calibration holds enough people to vouch for it.
    """

    thresholds: Mapping[int, float]
    gallery_size: int
    fpir: float | None
    fmr: float | None
    supported: bool

    def of(self, references: Searchable) -> np.ndarray:
        """(n,) the threshold of each person enrolled."""
        kinds, kind = np.unique(np.array(references.photos, int), return_inverse=True)
        return np.array([self.thresholds[photos] for photos in kinds.tolist()])[kind]


@dataclass(frozen=True)
class Match:
    """The answer to one search.

    Attributes:
        name: who it is, or `unknown`.
        similarity: cosine to the person compared, who is named where it lies above the threshold; -1 where there is
            nobody to compare with.
        threshold: that person's; None likewise.
        repeat_of: somebody whose threshold the face passes as well, and whose name another face of the photo has;
            None where there is nobody.
    """

    name: str
    similarity: float
    threshold: float | None
    repeat_of: str | None = None


def fixed_point(threshold: float, photos: Collection[int]) -> OperatingPoint:
    """One threshold that the user set, for everybody.

    Args:
        photos: how many photos each enrolled person has.
    """
    return OperatingPoint(dict.fromkeys(sorted(set(photos)), threshold), len(photos), None, None, False)


def operating_point(
    calibration: Calibration, photos: Collection[int], fpir: float | None = None, search: SearchKind = "mean"
) -> OperatingPoint:
    """Chooses the thresholds for a gallery: one FMR for every comparison of a search.

    A person enrolled with k photos is compared by their mean or by the nearest of them, so the threshold is that of
    dev photos against the same of k photos. Where the calibration does not support the rate asked for, its strictest
    thresholds are taken and the FPIR that these give is stated instead.

    Args:
        photos: how many photos each enrolled person has.
        fpir: the rate asked for; None for the lowest of `DEFAULT_FPIRS` that is supported.

    Raises:
        InputError: `fpir` is not between 0 and 1, or the calibration supports nothing at all, or no such search.
    """
    size = len(photos)
    kinds = sorted(set(photos))
    smallest = calibration.smallest_fmr(kinds, search)
    if smallest > 1:
        raise InputError("the calibration holds too few people for any threshold; give one with --threshold")

    def point(fpir: float, fmr: float, supported: bool) -> OperatingPoint:
        thresholds = {kind: calibration.tail(kind, search).threshold(fmr) for kind in kinds}
        return OperatingPoint(thresholds, size, fpir, fmr, supported)

    for wanted in DEFAULT_FPIRS if fpir is None else (fpir,):
        fmr = fmr_for_fpir(wanted, max(1, size))
        if calibration.supports(fmr, kinds, search):
            return point(wanted, fmr, True)
    return point(1 - (1 - smallest) ** max(1, size), smallest, False)


def identify(embeddings: np.ndarray, references: Searchable, thresholds: np.ndarray, repeats: bool) -> list[Match]:
    """Who the faces of one photo are: those whose similarity lies highest over their own thresholds.

    Args:
        embeddings: (f, dim) unit vectors.
        thresholds: (n,) of the people enrolled, as `OperatingPoint.of` gives them.
        repeats: whether several faces may have one name. Where not, names go to faces so that what similarities lie
            over thresholds is largest in sum; a face without a name is compared with the people who have none.

    Returns:
        (f,) a match each.
    """
    compared_with = references.compared(embeddings, thresholds)
    names, thresholds, similarity = compared_with.names, compared_with.thresholds, compared_with.similarity
    if not names:
        return [Match(UNKNOWN, -1.0, None) for _ in embeddings]
    margin = similarity - thresholds
    compared = margin.argmax(axis=1)
    passed = margin[np.arange(len(margin)), compared] > 0
    given = np.where(passed, compared, -1)
    wished = [names[person] if person >= 0 else None for person in given]
    if not repeats and len(np.unique(given[passed])) < passed.sum():
        given = assign(margin)
        free = np.setdiff1d(np.arange(len(names)), given)
        compared = free[margin[:, free].argmax(axis=1)] if len(free) else np.full(len(margin), -1)
    matches = []
    for face, person in enumerate(np.where(given >= 0, given, compared).tolist()):
        if person < 0:
            matches.append(Match(UNKNOWN, -1.0, None, wished[face]))
            continue
        name = names[person] if given[face] >= 0 else UNKNOWN
        repeat_of = wished[face] if wished[face] != name else None
        matches.append(Match(name, float(similarity[face, person]), float(thresholds[person]), repeat_of))
    return matches


def assign(margin: np.ndarray) -> np.ndarray:
    """(f,) a person for each face, nobody twice, so that the sum of margins is largest; -1 for nobody.

    Args:
        margin: (f, n) what similarities lie over thresholds; only those over 0 give a name.
    """
    import lap  # late: few photos need it; the core does without SciPy, which is ten times as large

    within_reach = np.flatnonzero((margin > 0).any(axis=0))
    gain = np.maximum(margin[:, within_reach], 0)
    person, _ = lap.lapjv(-gain, extend_cost=True, return_cost=False)  # -1 where there are more faces than people
    faces = np.flatnonzero(person >= 0)
    faces = faces[gain[faces, person[faces]] > 0]
    given = np.full(len(margin), -1)
    given[faces] = within_reach[person[faces]]
    return given
