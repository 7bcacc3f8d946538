"""Is one recipe better than another, or did the dice fall so: paired resamples of the same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.bootstrap import interval, person_weights, resample
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.embeddings import EmbeddingTable
from faceline.evaluation.operating_points import operating_points
from faceline.evaluation.search_figures import class_mean_ranks
from faceline.evaluation.verification import curve, spread_thresholds


@dataclass(frozen=True)
class Difference:
    """How much better the first is than the second, with a 95% interval over people.

    Attributes:
        first, second: what is compared.
        value: difference of the rates, each the mean over its runs.
        low, high: the middle 95% of the same difference over resamples.
    """

    first: str
    second: str
    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference may be claimed at all."""
        return self.low > 0 or self.high < 0


def paired_differences(
    runs: Mapping[str, Sequence[Comparisons]], fpr: float, samples: int, seed: int, block_mb: float = 256
) -> list[Difference]:
    """Compares TPR@FPR of every two groups of runs on the same query people.

    Every resample draws people once and applies them to all runs, so what is common to them cancels; runs of a
    group (its seeds) are averaged within each resample, so the interval is of the mean over seeds. It does not say
    how much a single seed varies.

    Args:
        runs: a name, and the comparisons of each of its runs.

    Raises:
        InputError: runs do not have the same query people.
    """
    people = {tuple(run.names.tolist()) for group in runs.values() for run in group}
    if len(people) != 1:
        raise InputError("runs can only be paired when they have the same query people; use one selection for all")
    weights = person_weights(len(next(iter(people))), samples, seed)
    return _differences(
        {name: [_tpr(run, fpr, weights, seed, block_mb) for run in group] for name, group in runs.items()}
    )


def paired_accuracy(runs: Mapping[str, Sequence[EmbeddingTable]], samples: int, seed: int) -> list[Difference]:
    """Compares `accuracy_top1` of every two groups of runs on the same test photos of the train people.

    As `paired_differences`, but what is drawn are train people, with all their test photos.

    Raises:
        InputError: runs do not have the same test photos, or none.
    """
    ranked = {name: [class_mean_ranks(table) for table in group] for name, group in runs.items()}
    photos = {tuple(persons.tolist()) for group in ranked.values() for persons, _ in group}
    if len(photos) != 1 or photos == {()}:
        raise InputError("runs can only be paired when they have the same test photos; use one selection for all")
    names, person = np.unique(next(iter(photos)), return_inverse=True)
    drawn = person_weights(len(names), samples, seed)[:, person]

    def accuracy(rank: np.ndarray) -> tuple[float, np.ndarray]:
        right = rank == 1
        return float(right.mean()), (drawn * right).sum(axis=1) / drawn.sum(axis=1)

    return _differences({name: [accuracy(rank) for _, rank in group] for name, group in ranked.items()})


def _differences(runs: Mapping[str, Sequence[tuple[float, np.ndarray]]]) -> list[Difference]:
    """Every two groups, from each run's rate and its resamples."""
    values = {name: float(np.mean([value for value, _ in group])) for name, group in runs.items()}
    resampled = {name: np.mean([rates for _, rates in group], axis=0) for name, group in runs.items()}
    return [
        Difference(a, b, values[a] - values[b], *interval(resampled[a] - resampled[b]))
        for a, b in combinations(runs, 2)
    ]


def _tpr(
    comparisons: Comparisons, fpr: float, weights: np.ndarray, seed: int, block_mb: float
) -> tuple[float, np.ndarray]:
    """TPR@FPR of one run, and of each resample."""
    (point,) = operating_points(comparisons, (fpr,), block_mb, seed)
    thresholds = [*spread_thresholds(curve(comparisons, seed, block_mb)), point.threshold]
    _, samples = resample(comparisons, np.unique(np.array(thresholds, np.float32)), weights, block_mb)
    return point.tpr, samples.tmr_at_fmr(fpr)
