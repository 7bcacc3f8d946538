"""Names for faces: who of a gallery is nearest, and whether that is near enough for a stated error rate."""

from dataclasses import dataclass

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.pipeline.gallery import References

UNKNOWN = "unknown"
DEFAULT_FPIRS = (0.01, 0.1)  # the first that the calibration supports is used when the user names none


@dataclass(frozen=True)
class OperatingPoint:
    """The threshold in use and what it stands for.

    Attributes:
        threshold: similarity below which nobody is named.
        gallery_size: people enrolled, N.
        fpir: share of searches by strangers that end with a name; None for a threshold that the user set.
        fmr: the share of impostor comparisons above the threshold that this allows; None likewise.
        supported: whether the calibration holds enough people to vouch for it.
    """

    threshold: float
    gallery_size: int
    fpir: float | None
    fmr: float | None
    supported: bool


def operating_point(calibration: Calibration, gallery_size: int, fpir: float | None = None) -> OperatingPoint:
    """Chooses the threshold for a gallery.

    Where the calibration does not support the rate asked for, its strictest threshold is taken and the FPIR that
    this one gives is stated instead.

    Args:
        fpir: the rate asked for; None for the lowest of `DEFAULT_FPIRS` that is supported.

    Raises:
        InputError: `fpir` is not between 0 and 1, or the calibration supports nothing at all.
    """
    people = max(1, gallery_size)
    for wanted in DEFAULT_FPIRS if fpir is None else (fpir,):
        fmr = fmr_for_fpir(wanted, people)
        if calibration.supports(fmr):
            return OperatingPoint(calibration.threshold(fmr), gallery_size, wanted, fmr, True)
    fmr = calibration.smallest_fmr
    if fmr > 1:
        raise InputError("the calibration holds too few people for any threshold; give one with --threshold")
    reached = 1 - (1 - fmr) ** people
    return OperatingPoint(calibration.threshold(fmr), gallery_size, reached, fmr, False)


def identify(embedding: np.ndarray, references: References, point: OperatingPoint) -> tuple[str, float]:
    """The nearest person, or `unknown` at or below the threshold.

    Returns:
        The name, and the cosine to the nearest person, named or not; -1 in an empty gallery.
    """
    name, similarity = references.nearest(embedding)
    return name if name and similarity > point.threshold else UNKNOWN, similarity
