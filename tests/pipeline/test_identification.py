"""Thresholds for a stated FPIR, and names above them."""

from __future__ import annotations

import numpy as np
import pytest
from made_people import made_calibration

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration
from faceline.pipeline.gallery import References
from faceline.pipeline.identification import UNKNOWN, OperatingPoint, identify, operating_point


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    scores = np.random.default_rng(0).normal(0, 0.1, 100_000)
    return made_calibration(scores, "m" * 64, people=100, photos=1000)


def test_a_larger_gallery_takes_a_higher_threshold(calibration: Calibration) -> None:
    points = [operating_point(calibration, people, 0.1) for people in (1, 10, 100)]
    assert points[0].threshold < points[1].threshold < points[2].threshold
    for point, people in zip(points, (1, 10, 100), strict=True):
        assert point.supported
        assert (1 - point.fmr) ** people == pytest.approx(0.9)


def test_strangers_are_named_about_as_often_as_stated(calibration: Calibration) -> None:
    """Simulated searches: independent impostor scores from the calibration's own distribution."""
    point = operating_point(calibration, 20, 0.1)
    searches = np.random.default_rng(1).normal(0, 0.1, (20_000, 20))
    assert (searches.max(axis=1) > point.threshold).mean() == pytest.approx(0.1, abs=0.015)


def test_without_a_wish_the_lowest_supported_rate_is_taken(calibration: Calibration) -> None:
    assert operating_point(calibration, 50).fpir == 0.01
    assert operating_point(calibration, 500).fpir == 0.1  # 0.01 would need an FMR of 2e-5


def test_a_rate_beyond_the_calibration_is_replaced_and_said_so(calibration: Calibration) -> None:
    point = operating_point(calibration, 100_000, 0.01)
    assert not point.supported
    assert point.fmr == pytest.approx(1e-4)
    assert point.fpir == pytest.approx(1 - (1 - 1e-4) ** 100_000)
    assert point.threshold == operating_point(calibration, 1, 1e-4).threshold


def test_impossible_wishes(calibration: Calibration) -> None:
    with pytest.raises(InputError):
        operating_point(calibration, 10, 1.5)
    few = made_calibration([0.1, 0.2], "m", 2, 2)
    with pytest.raises(InputError, match="--threshold"):
        operating_point(few, 10)


def test_names_only_above_the_threshold() -> None:
    references = References(["Ada", "Bob"], np.eye(2, 8, dtype=np.float32))
    point = OperatingPoint(0.8, 2, 0.01, 0.005, True)
    ada = np.array([0.9, 0.1, np.sqrt(0.18), 0, 0, 0, 0, 0], np.float32)
    assert identify(ada, references, point)[0] == "Ada"
    assert identify(np.eye(8)[2], references, point)[0] == UNKNOWN
    exactly = np.array([0.8, 0.6, 0, 0, 0, 0, 0, 0], np.float32)
    strict = OperatingPoint(float(np.float32(0.8)), 2, 0.01, 0.005, True)
    assert identify(exactly, references, strict)[0] == UNKNOWN
    nobody = References([], np.zeros((0, 8), np.float32))
    assert identify(ada, nobody, point)[0] == UNKNOWN
