"""The upper tail of impostor scores: a threshold for a false match rate, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeInt, PositiveInt, model_validator

from faceline.core.errors import InputError
from faceline.evaluation.scores.rates import allowed_false_matches

STEPS = 400
EXACT_FMRS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6)
MAX_COSINE = 1.001  # of unit vectors, with what rounding adds
UNSUPPORTED = 2.0  # `smallest_fmr` of a tail that supports no rate at all


class ScoreTail(BaseModel):
    """FMR and threshold of comparisons of different people, thinned.

    Attributes:
        comparisons: how many there are.
        smallest_fmr: the smallest FMR with ten false matches from ten pairs of people; below it a threshold would
            rest on too few. Over 1 where there is no such FMR.
        thresholds: cosine similarities, descending.
        false_matches: how many comparisons lie strictly above each threshold, at most; ascending.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    comparisons: PositiveInt
    smallest_fmr: Annotated[FiniteFloat, Field(gt=0)]
    thresholds: tuple[Annotated[FiniteFloat, Field(strict=True)], ...]
    false_matches: tuple[NonNegativeInt, ...]

    @model_validator(mode="after")
    def _in_order(self) -> ScoreTail:
        thresholds, matches = np.array(self.thresholds), np.array(self.false_matches)
        if not len(matches) or len(matches) != len(thresholds):
            raise ValueError(f"{len(thresholds)} thresholds and {len(matches)} false match counts, not as many")
        if (np.diff(thresholds) > 0).any() or (np.diff(matches) <= 0).any() or matches[0] != 0:
            raise ValueError("thresholds must descend, and false matches ascend from 0")
        if (np.abs(thresholds) > MAX_COSINE).any():
            raise ValueError(f"thresholds must be cosine similarities, from {-MAX_COSINE} to {MAX_COSINE}")
        if not self.smallest_fmr * self.comparisons >= 1:
            raise ValueError(f"a smallest rate of {self.smallest_fmr:g} with {self.comparisons} comparisons")
        if matches[-1] >= self.comparisons:
            raise ValueError(f"{matches[-1]} false matches of {self.comparisons} comparisons")
        return self

    @property
    def supported(self) -> str:
        """Which FMRs it supports, in words."""
        return "no rate" if self.smallest_fmr > 1 else f"{self.smallest_fmr:.3g} to 1"

    def supports(self, fmr: float) -> bool:
        """Whether the comparisons give ten false matches from ten pairs of people at this FMR."""
        return self.smallest_fmr * (1 - 1e-9) <= fmr <= 1

    def threshold(self, fmr: float) -> float:
        """The threshold at which at most this share of the comparisons lies strictly above.

        Between two stored points the higher threshold is taken, which errs towards fewer false matches.

        Raises:
            InputError: too few comparisons for this FMR.
        """
        if not self.supports(fmr):
            raise InputError(
                f"false match rate {fmr:.3g}: the calibration's dev people support {self.supported}; ask for a rate "
                "that is supported, or calibrate on more people"
            )
        allowed = allowed_false_matches(fmr, self.comparisons)
        return self.thresholds[int(np.searchsorted(self.false_matches, allowed, side="right")) - 1]

    def fmr(self, threshold: float) -> float:
        """The share of comparisons above a threshold, at most; never less than what is supported."""
        reached = np.searchsorted(-np.asarray(self.thresholds), -threshold)  # the first stored one not above it
        matches = self.false_matches[reached] if reached < len(self.false_matches) else self.comparisons
        return min(1.0, max(matches / self.comparisons, self.smallest_fmr))


def stored_ranks(comparisons: int) -> Sequence[int]:
    """The numbers of false matches that a tail of that many comparisons holds thresholds for, ascending from 0."""
    steps = np.geomspace(1, comparisons, STEPS).astype(int)
    exact = [allowed_false_matches(fmr, comparisons) for fmr in EXACT_FMRS]
    return sorted({0, *(rank for rank in steps.tolist() if rank < comparisons), *exact})
