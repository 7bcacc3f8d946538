"""Places on axes against other formulas; ticks against what people expect of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from faceline.reporting.axes import linear_axis, log_axis, percent, plain, probit_axis

VALUES = st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)


@given(st.lists(VALUES, min_size=1, max_size=20))
def test_linear_axis_covers_its_values_with_ticks_inside(values: list[float]) -> None:
    axis = linear_axis("x", values)
    unseen = 1e-8 * (axis.high - axis.low)
    assert axis.low <= min(values) + unseen
    assert axis.high >= max(values) - unseen
    assert 2 <= len(axis.ticks) <= 13
    places = axis.place(axis.ticks)
    assert np.all((places >= -1e-9) & (places <= 1 + 1e-9))
    assert np.all(np.diff(places) > 0)


def test_linear_axis_over_shares_has_round_ticks() -> None:
    axis = linear_axis("share", [], 0, 1, percent)
    assert [axis.text(tick) for tick in axis.ticks] == ["0%", "20%", "40%", "60%", "80%", "100%"]
    assert axis.place([0.25, 1.5, -1, np.nan])[:3] == pytest.approx([0.25, 1, 0])


def test_equal_values_still_give_an_axis() -> None:
    axis = linear_axis("x", [3.0, 3.0])
    assert axis.high > axis.low


@given(st.floats(1e-7, 0.4), st.floats(1.5, 1e4))
def test_log_axis_covers_its_values(smallest: float, factor: float) -> None:
    axis = log_axis("x", [smallest, smallest * factor, 0.0, -1.0, np.nan])
    assert axis.low <= smallest * (1 + 1e-6)
    assert axis.high >= smallest * factor * (1 - 1e-6)
    assert 2 <= len(axis.ticks) <= 13
    middle = np.sqrt(axis.low * axis.high)
    assert axis.place([middle])[0] == pytest.approx(0.5)


def test_log_axis_of_rates_has_decades() -> None:
    assert log_axis("fpr", [1e-4, 1], high=1).ticks == pytest.approx((1e-4, 1e-3, 1e-2, 1e-1, 1))


def test_probit_axis_places_normal_deviates_evenly() -> None:
    axis = probit_axis("fmr", [0.001, 0.3])
    assert axis.low <= 0.001
    assert axis.high >= 0.3
    rates = norm.cdf(np.linspace(norm.ppf(axis.low), norm.ppf(axis.high), 7))
    assert axis.place(rates) == pytest.approx(np.linspace(0, 1, 7), abs=1e-9)


@pytest.mark.parametrize(("value", "text"), [(0.05, "5%"), (1e-5, "0.001%"), (1, "100%"), (0.131234, "13.1%")])
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(30.0, "30"), (0.25, "0.25"), (12000, "12,000")])
def test_plain(value: float, text: str) -> None:
    assert plain(value) == text
