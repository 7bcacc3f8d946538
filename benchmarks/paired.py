"""Whether one entry is better than another: the same resamples of people for all, and the spread over seeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from benchmarks.two_way import Runs, compare, holm
from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.evaluation.recognition.accuracy import held_out_ranks
from faceline.evaluation.recognition.identification import query_open_set
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import person_weights
from faceline.evaluation.verification.roles import QUERY, rows_of
from faceline.evaluation.verification.verification import measure

CLAIMED_BELOW = 0.05


@dataclass(frozen=True)
class Difference:
    """How much better the first entry is than the second.

    Attributes:
        first, second: what is compared.
        value: difference of the rates, each the mean over its seeds; None where a run's data cannot give its rate.
        low, high: 95% interval of this pair alone, over people and seeds; None where there is none.
        p: adjusted by Holm's method for all pairs of the figure that have an interval; None where there is none.
        reason: why there is no value or no interval.
    """

    first: str
    second: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    reason: str = ""

    @property
    def claimed(self) -> bool:
        """Whether one may be called better than the other."""
        return self.p is not None and self.p < CLAIMED_BELOW


def paired_differences(
    runs: Mapping[str, Sequence[Comparisons]], fpr: float, samples: int, seed: int, block_mb: float = 256
) -> list[Difference]:
    """Compares TPR@FPR of every two entries on the same query people.

    Every resample draws query people once and applies them to all runs, so what is common to them cancels. How the
    spread over seeds comes in is told by `two_way.compare`.

    Args:
        runs: an entry's name, and the comparisons of each of its runs.

    Raises:
        InputError: runs do not have the same query people.
    """
    people = {tuple(run.names.tolist()) for group in runs.values() for run in group}
    weights = person_weights(_number_of(people), samples, seed)
    rates = {name: [_tpr(run, fpr, weights, seed, block_mb) for run in group] for name, group in runs.items()}
    return _differences(rates, weights.shape[1])


def paired_identification(
    runs: Mapping[str, Sequence[EmbeddingTable]], fpir: float, samples: int, seed: int
) -> list[Difference]:
    """Compares TPIR@FPIR of every two entries: as `paired_differences`, with the query people enrolled and searched.

    Raises:
        InputError: runs do not have the same query people.
    """
    people = {
        tuple(np.unique(table.rows["person"].to_numpy()[rows_of(table, QUERY)]).tolist())
        for group in runs.values()
        for table in group
    }
    weights = person_weights(_number_of(people), samples, seed)

    def tpir(table: EmbeddingTable) -> _Rate:
        point = query_open_set(table, fpir, weights)
        return _Rate(point.tpir, point.resampled, point.reason)

    rates = {name: [tpir(table) for table in group] for name, group in runs.items()}
    return _differences(rates, weights.shape[1])


def paired_accuracy(runs: Mapping[str, Sequence[EmbeddingTable]], samples: int, seed: int) -> list[Difference]:
    """Compares `accuracy_top1` of every two entries on the same test photos of the train people.

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

    rates = {name: [accuracy(rank) for _, rank in group] for name, group in ranked.items()}
    return _differences(rates, len(names))


def _number_of(people: Collection[Sequence]) -> int:
    """How many query people the runs have, of whom `people` holds each set that occurs."""
    if len(people) != 1:
        raise InputError("runs can only be paired when they have the same query people; use one selection for all")
    return len(next(iter(people)))


@dataclass(frozen=True)
class _Rate:
    """A run's rate, the same in each resample, and why it is worth nothing, if so."""

    value: float
    resampled: np.ndarray
    reason: str = ""


def _differences(rates: Mapping[str, Sequence[_Rate]], people: int) -> list[Difference]:
    """Every two entries, from the rates of their runs."""
    runs = {
        name: Runs(np.array([rate.value for rate in group]), np.column_stack([rate.resampled for rate in group]))
        for name, group in rates.items()
    }
    reasons = {name: next((rate.reason for rate in group if rate.reason), "") for name, group in rates.items()}
    found = []
    for a, b in combinations(rates, 2):
        if reason := "; ".join(f"{name}: {reasons[name]}" for name in (a, b) if reasons[name]):
            found.append(Difference(a, b, None, None, None, None, reason))
            continue
        estimate = compare(runs[a], runs[b], people)
        found.append(Difference(a, b, estimate.value, estimate.low, estimate.high, estimate.p, estimate.reason))
    tested = [index for index, difference in enumerate(found) if difference.p is not None]
    for index, p in zip(tested, holm([found[index].p for index in tested]), strict=True):
        found[index] = replace(found[index], p=p)
    return found


def _tpr(comparisons: Comparisons, fpr: float, weights: np.ndarray, seed: int, block_mb: float) -> _Rate:
    """TPR@FPR of one run."""
    measured = measure(ImpostorScores(comparisons, block_mb), (fpr,), weights, seed)
    rate = measured.id_rates[0]
    return _Rate(np.nan if rate.value is None else rate.value, measured.resamples.tmr_at_fmr(fpr), rate.reason)
