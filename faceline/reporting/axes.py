"""Where a value lies along an axis of a chart, and which ticks the axis has."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_PROBIT_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999)
_LOG_DIGITS = (1, 2, 5)
_MOST_LOG_TICKS = 7
_NICE_STEPS = (1, 2, 2.5, 5, 10)


def plain(value: float) -> str:
    """0.25 -> `0.25`, 30.0 -> `30`, 12000 -> `12,000`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def percent(value: float) -> str:
    """0.05 -> `5%`."""
    return f"{100 * value:.3g}%"


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: what it shows, with its unit.
        low, high: the values at its ends, low < high.
        ticks: values that get a mark.
        transform: vectorised and monotone; a value lies where its transform lies between those of the ends.
        text: how a tick is written.
    """

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    transform: Callable[[np.ndarray], np.ndarray] = np.asarray
    text: Callable[[float], str] = plain

    def place(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """0 at the low end, 1 at the high end; values beyond an end lie on it, NaN stays NaN."""
        inside = np.clip(np.asarray(values, float), self.low, self.high)
        low, high = self.transform(np.array([self.low, self.high]))
        return (self.transform(inside) - low) / (high - low)


def linear_axis(
    label: str,
    values: Sequence[float] | np.ndarray,
    low: float | None = None,
    high: float | None = None,
    text: Callable[[float], str] = plain,
) -> Axis:
    """An axis over `values` that ends at round numbers unless an end is given."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    smallest = low if low is not None else float(finite.min(initial=0.0 if not finite.size else math.inf))
    largest = high if high is not None else float(finite.max(initial=1.0 if not finite.size else -math.inf))
    if largest - smallest <= 1e-9 * abs(smallest):
        largest = smallest + (abs(smallest) or 1.0)
    step = _nice((largest - smallest) / 5)
    start = smallest if low is not None else math.floor(smallest / step + 1e-9) * step
    end = largest if high is not None else math.ceil(largest / step - 1e-9) * step
    first = math.ceil(start / step - 1e-9)
    ticks = tuple(i * step for i in range(first, math.floor(end / step + 1e-9) + 1))
    return Axis(label, start, end, ticks, text=text)


def log_axis(
    label: str, values: Sequence[float] | np.ndarray, high: float | None = None, text: Callable[[float], str] = plain
) -> Axis:
    """A logarithmic axis over the positive `values` that ends at 1, 2 or 5 times a power of ten."""
    positive = np.asarray(values, float)
    positive = positive[np.isfinite(positive) & (positive > 0)]
    if not positive.size:
        positive = np.array([0.1, 1.0])
    largest = high if high is not None else float(positive.max())
    powers = range(math.floor(math.log10(positive.min())) - 1, math.ceil(math.log10(largest)) + 1)
    marks = [digit * 10.0**power for power in powers for digit in _LOG_DIGITS]
    bottom = max(mark for mark in marks if mark <= min(positive.min(), largest / 2) * (1 + 1e-9))
    top = high if high is not None else min(mark for mark in marks if mark >= largest * (1 - 1e-9))
    ticks = [mark for mark in marks if bottom <= mark <= top * (1 + 1e-9)]
    if len(ticks) > _MOST_LOG_TICKS:
        ticks = [tick for tick in ticks if math.isclose(math.log10(tick) % 1, 0, abs_tol=1e-9)]
    return Axis(label, bottom, top, tuple(ticks), np.log10, text)


def probit_axis(label: str, rates: Sequence[float] | np.ndarray) -> Axis:
    """An axis on which normal deviates are evenly spaced, as in detection error trade-off curves."""
    inner = np.asarray(rates, float)
    inner = inner[np.isfinite(inner) & (inner > 0) & (inner < 1)]
    smallest, largest = (float(inner.min()), float(inner.max())) if inner.size else (0.01, 0.5)
    low = max((rate for rate in _PROBIT_RATES if rate <= smallest), default=_PROBIT_RATES[0])
    high = min((rate for rate in _PROBIT_RATES if rate >= largest and rate > low), default=_PROBIT_RATES[-1])
    ticks = tuple(rate for rate in _PROBIT_RATES if low <= rate <= high)
    return Axis(label, low, high, ticks, _probit, percent)


def _probit(rates: np.ndarray) -> np.ndarray:
    normal = NormalDist()
    return np.array([normal.inv_cdf(rate) if rate == rate else rate for rate in np.ravel(rates)])


def _nice(step: float) -> float:
    """The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(nice * power for nice in _NICE_STEPS if nice * power >= step * (1 - 1e-9))
