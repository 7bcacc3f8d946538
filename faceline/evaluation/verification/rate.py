"""A rate with its interval, or the reason why the data cannot give it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

MIN_FALSE_MATCHES = 10
MIN_PERSON_PAIRS = 10


@dataclass(frozen=True)
class Rate:
    """One figure.

    Attributes:
        name: its metric key.
        value: None where the data cannot give it; `reason` then says why.
        low, high: 95% interval from resampling query people, where there is one.
        threshold: cosine similarity that decided, where one did; a pair passed when strictly above.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    reason: str = ""


def label(rate: float) -> str:
    """0.05 -> `5e-2`, as metric keys write rates."""
    digits, exponent = f"{rate:.0e}".split("e")
    return f"{digits}e{int(exponent)}"


def too_few(
    target: float,
    comparisons: int,
    sources: int | None = None,
    what: str = "false matches",
    whose: str = "pairs of people",
) -> str:
    """Why a rate at a target is worth nothing, or an empty string.

    Args:
        target: the share of comparisons that may falsely match, 0..1.
        comparisons: how many there are.
        sources: how many different pairs of people are behind the false matches; None where not counted.
        what, whose: what the errors are called, and those behind them.
    """
    expected = target * comparisons
    if expected < MIN_FALSE_MATCHES - 1e-9:
        return f"expects {expected:.3g} {what} of {comparisons} comparisons; {MIN_FALSE_MATCHES} are needed"
    if sources is not None and sources < MIN_PERSON_PAIRS:
        return f"the {what} come from {sources} {whose}; {MIN_PERSON_PAIRS} are needed"
    return ""


def to_metrics(rates: Iterable[Rate]) -> dict[str, float | None]:
    """Name -> value, and for the ID rates their intervals and thresholds under keys of their own."""
    metrics: dict[str, float | None] = {}
    for rate in rates:
        metrics[rate.name] = rate.value
        if rate.name.startswith("tpr_at_fpr_"):
            metrics[f"{rate.name}_low"] = rate.low
            metrics[f"{rate.name}_high"] = rate.high
            metrics[rate.name.replace("tpr_at_fpr_", "threshold_at_fpr_")] = rate.threshold
    return metrics


def to_table(rates: Iterable[Rate]) -> pd.DataFrame:
    """One row a rate: rate, value, low, high, threshold, reason."""
    import pandas as pd  # the tool does without

    rows = [(rate.name, rate.value, rate.low, rate.high, rate.threshold, rate.reason) for rate in rates]
    columns = ["rate", "value", "low", "high", "threshold", "reason"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:5], float))
