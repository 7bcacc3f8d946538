"""Names for faces: who of a gallery is nearest, and whether that is near enough for a stated error rate."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.pipeline.gallery import References

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

    def of(self, references: References) -> np.ndarray:
        """(n,) the threshold of each person enrolled."""
        kinds, kind = np.unique(np.array(references.photos, int), return_inverse=True)
        return np.array([self.thresholds[photos] for photos in kinds.tolist()])[kind]


@dataclass(frozen=True)
class Match:
    """The answer to one search.

    Attributes:
        name: who it is, or `unknown`.
        similarity: cosine to the person compared, who is named where it lies above the threshold; -1 in an empty
            gallery.
        threshold: that person's; None in an empty gallery.
    """

    name: str
    similarity: float
    threshold: float | None


def fixed_point(threshold: float, photos: Collection[int]) -> OperatingPoint:
    """One threshold that the user set, for everybody.

    Args:
        photos: how many photos each enrolled person has.
    """
    return OperatingPoint(dict.fromkeys(sorted(set(photos)), threshold), len(photos), None, None, False)


def operating_point(calibration: Calibration, photos: Collection[int], fpir: float | None = None) -> OperatingPoint:
    """Chooses the thresholds for a gallery: one FMR for every comparison of a search.

    A person enrolled with k photos is compared by their mean, so the threshold is that of dev photos against means of
    k photos. Where the calibration does not support the rate asked for, its strictest thresholds are taken and the
    FPIR that these give is stated instead.

    Args:
        photos: how many photos each enrolled person has.
        fpir: the rate asked for; None for the lowest of `DEFAULT_FPIRS` that is supported.

    Raises:
        InputError: `fpir` is not between 0 and 1, or the calibration supports nothing at all.
    """
    size = len(photos)
    kinds = sorted(set(photos))
    smallest = calibration.smallest_fmr(kinds)
    if smallest > 1:
        raise InputError("the calibration holds too few people for any threshold; give one with --threshold")

    def point(fpir: float, fmr: float, supported: bool) -> OperatingPoint:
        thresholds = {kind: calibration.tail(kind).threshold(fmr) for kind in kinds}
        return OperatingPoint(thresholds, size, fpir, fmr, supported)

    for wanted in DEFAULT_FPIRS if fpir is None else (fpir,):
        fmr = fmr_for_fpir(wanted, max(1, size))
        if calibration.supports(fmr, kinds):
            return point(wanted, fmr, True)
    return point(1 - (1 - smallest) ** max(1, size), smallest, False)


def identify(embedding: np.ndarray, references: References, thresholds: np.ndarray) -> Match:
    """The person whose similarity lies highest over, or least below, that person's own threshold.

    Args:
        embedding: (dim,) unit vector.
        thresholds: (n,) of the people enrolled, as `OperatingPoint.of` gives them.
    """
    if not references.names:
        return Match(UNKNOWN, -1.0, None)
    similarity = references.embeddings @ np.asarray(embedding, np.float32)
    best = int((similarity - thresholds).argmax())
    named = similarity[best] > thresholds[best]
    return Match(references.names[best] if named else UNKNOWN, float(similarity[best]), float(thresholds[best]))
