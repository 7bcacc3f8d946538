"""Names from a gallery at the thresholds that the user asked for: what the verbs that name faces have in common."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from faceline.evaluation.verification.template_tails import SearchKind
from faceline.galleries.identification import Match, OperatingPoint, fixed_point, identify, operating_point
from faceline.galleries.opening import open_gallery
from faceline.pipeline.calibrations import find_calibration
from faceline.pipeline.found_faces import PhotoFaces
from faceline.pipeline.setup import Setup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What the user asked for.

    Attributes:
        fpir: share of strangers who may be given a name; None for the default.
        threshold: a similarity instead; None for the calibration's.
        search: what a face is compared with.
        repeats: whether several faces of one photo may have one name.
    """

    fpir: float | None = None
    threshold: float | None = None
    search: SearchKind = "mean"
    repeats: bool = False


class Namer:
    """Everybody of a gallery with their thresholds.

    Attributes:
        point: the thresholds in use and what they stand for.
    """

    def __init__(self, gallery: str, model: str, setup: Setup, wish: Wish) -> None:
        """Loads the gallery and the calibration.

        Args:
            model: SHA-256 of the recogniser.
            setup: says which folder holds the chain's calibration, and who finds the faces.

        Raises:
            InputError: no such gallery, or gallery, calibration and recogniser do not go together.
        """
        with open_gallery(gallery) as opened:
            opened.require_model(model)
            self._references = opened.searchable(wish.search)
        self._repeats = wish.repeats
        self.point = _operating_point(model, setup, self._references.photos, wish)
        self._thresholds = self.point.of(self._references)

    def matches(self, found: PhotoFaces) -> list[Match | None]:
        """A match for each face of a photo; None for one without an embedding."""
        embedded = {n: face.embedding for n, face in enumerate(found.faces) if face.embedding is not None}
        matches: list[Match | None] = [None] * len(found.faces)
        if embedded:
            vectors = np.stack(list(embedded.values()))
            for number, match in zip(
                embedded, identify(vectors, self._references, self._thresholds, self._repeats), strict=True
            ):
                matches[number] = match
        return matches


def _operating_point(model: str, setup: Setup, photos: list[int], wish: Wish) -> OperatingPoint:
    """`photos`: how many each enrolled person has."""
    if wish.threshold is not None:
        return fixed_point(wish.threshold, photos)
    found = find_calibration(model, setup.models)
    if found.detector not in (None, setup.detector_name):
        log.warning(
            f"{found.path}: {found.detector} found the faces it was made with, and here {setup.detector_name} finds "
            "them: the stated error rates may not hold; calibrate with the same --detector"
        )
    calibration = found.calibration
    point = operating_point(calibration, photos, wish.fpir, wish.search)
    most = calibration.most_photos(wish.search)
    beyond = sum(count > most for count in photos)
    if beyond:
        log.warning(
            f"{found.path}: has thresholds for up to {most} photos a person, and {beyond} enrolled "
            "people have more: strangers may be given their names more often than stated; dev people with more "
            "photos mend it"
        )
    if not point.supported:
        log.warning(
            f"the calibration ({calibration.people} people) vouches for no FMR under {point.fmr:.3g}: with "
            f"{len(photos)} enrolled, its strictest thresholds give an FPIR of {point.fpir:.3g}"
        )
    return point
