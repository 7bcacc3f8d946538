"""Alignment of faces onto the ArcFace template by a similarity of their five landmarks."""

from dataclasses import dataclass

import numpy as np

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.geometry.similarity import fit_similarity
from faceline.alignment.geometry.template import template
from faceline.points.points import eye_distance
from faceline.windows.windows import invert, transform

# why a face is not aligned
ALIGNMENT_DEFECTS = ("landmarks_not_finite", "eyes_too_close", "upside_down", "poor_fit")


@dataclass(frozen=True)
class Alignment:
    """How n faces are aligned.

    Attributes:
        to_photo: (n, 2, 3) maps from tile px to photo px; NaN where rejected.
        template_error: (n,) root mean square distance of the aligned points from the template, in template
            eye distances; NaN where there is no fit.
        reason: (n,) why a face is rejected, "" where it is not.
    """

    to_photo: np.ndarray
    template_error: np.ndarray
    reason: np.ndarray


def fit_alignment(points: np.ndarray, params: AlignParams) -> Alignment:
    """Fits each face's (n, 5, 2) landmarks, in photo px, to the template.

    Rejects: `landmarks_not_finite`, `eyes_too_close` (under `align.min_eye_distance_px`), `poor_fit` (template error
    over `align.max_template_error`: points in an order or place that no face has), `upside_down` (rolled by more
    than 90 degrees, which mostly means swapped points).
    """
    goal = template(params.size_px)
    finite = np.isfinite(points).all(axis=(1, 2))
    eyes_px = eye_distance(np.where(finite[:, None, None], points, 0))
    apart = eyes_px >= max(params.min_eye_distance_px, 1e-6)
    usable = np.tile(goal, (len(points), 1, 1))
    usable[apart] = points[apart]
    to_tile = fit_similarity(usable, goal)
    error = np.where(apart, template_error(transform(to_tile, usable), params.size_px), np.nan)
    cases = [~finite, ~apart, to_tile[:, 0, 0] <= 0, error > params.max_template_error]
    reason = np.select(cases, ALIGNMENT_DEFECTS, default="")
    to_photo = np.where((reason == "")[:, None, None], invert(to_tile), np.nan)
    return Alignment(to_photo, error, reason)


def template_error(in_tile: np.ndarray, size_px: int) -> np.ndarray:
    """Root mean square distance of (n, 5, 2) tile points from the template, in template eye distances."""
    goal = template(size_px)
    return np.sqrt(((in_tile - goal) ** 2).sum(axis=-1).mean(axis=-1)) / eye_distance(goal)
