"""Whether one recipe is better than another: paired resamples of the same people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.accuracy import held_out_ranks
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import interval, person_weights
from faceline.evaluation.verification.verification import measure


@dataclass(frozen=True)
class Difference:
    """How much better the first is than the second, with a 95% interval over people.

    Attributes:
        first, second: what is compared.
        value: difference of the rates, each the mean over its runs; None where a run's data cannot give its rate.
        low, high: the middle 95% of the same difference over resamples, where there is one.
        reason: why there is no value.
    """

    first: str
    second: str
    value: float | None
    low: float | None
    high: float | None
    reason: str = ""

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference may be claimed at all."""
        return self.low is not None and (self.low > 0 or self.high < 0)


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
    ranked = {name: [held_out_ranks(table) for table in group] for name, group in runs.items()}
    photos = {tuple(persons.tolist()) for group in ranked.values() for persons, _ in group}
    if len(photos) != 1 or photos == {()}:
        raise InputError("runs can only be paired when they have the same test photos; use one selection for all")
    names, person = np.unique(next(iter(photos)), return_inverse=True)
    drawn = person_weights(len(names), samples, seed)[:, person]

    def accuracy(rank: np.ndarray) -> _Rate:
        right = rank == 1
        return _Rate(float(right.mean()), (drawn * right).sum(axis=1) / drawn.sum(axis=1))

    return _differences({name: [accuracy(rank) for _, rank in group] for name, group in ranked.items()})


@dataclass(frozen=True)
class _Rate:
    """A run's rate, the same in each resample, and why it is worth nothing, if so."""

    value: float
    resampled: np.ndarray
    reason: str = ""


def _differences(runs: Mapping[str, Sequence[_Rate]]) -> list[Difference]:
    """Every two groups, from the rates of their runs."""
    values = {name: float(np.mean([rate.value for rate in group])) for name, group in runs.items()}
    resampled = {name: np.mean([rate.resampled for rate in group], axis=0) for name, group in runs.items()}
    reasons = {name: next((rate.reason for rate in group if rate.reason), "") for name, group in runs.items()}
    differences = []
    for a, b in combinations(runs, 2):
        reason = "; ".join(f"{name}: {reasons[name]}" for name in (a, b) if reasons[name])
        figures = (None, None, None) if reason else (values[a] - values[b], *interval(resampled[a] - resampled[b]))
        differences.append(Difference(a, b, *figures, reason))
    return differences


def _tpr(comparisons: Comparisons, fpr: float, weights: np.ndarray, seed: int, block_mb: float) -> _Rate:
    """TPR@FPR of one run."""
    measured = measure(ImpostorScores(comparisons, block_mb), (fpr,), weights, seed)
    rate = measured.id_rates[0]
    return _Rate(np.nan if rate.value is None else rate.value, measured.resamples.tmr_at_fmr(fpr), rate.reason)
