"""Thresholds for a stated FPIR, and names above them."""

from __future__ import annotations

import numpy as np
import pytest
from made_people import made_calibration

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.pipeline.gallery import References
from faceline.pipeline.identification import UNKNOWN, Match, OperatingPoint, fixed_point, identify, operating_point


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    scores = np.random.default_rng(0).normal(0, 0.1, 100_000)
    return made_calibration(scores, "m" * 64, people=100, photos=1000)


def test_a_larger_gallery_takes_a_higher_threshold(calibration: Calibration) -> None:
    points = [operating_point(calibration, [1] * people, 0.1) for people in (1, 10, 100)]
    assert points[0].thresholds[1] < points[1].thresholds[1] < points[2].thresholds[1]
    for point, people in zip(points, (1, 10, 100), strict=True):
        assert point.supported
        assert point.gallery_size == people
        assert (1 - point.fmr) ** people == pytest.approx(0.9)


class World:
    """Photos of people as nets embed them: all share a direction, a person's photos share more, those of one session
    still more."""

    SHARED, PERSON, SESSION, PHOTO = 0.45, 0.6, 0.35, 0.55
    DIM = 48

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._common = np.eye(self.DIM)[0]

    def _draw(self, *shape: int) -> np.ndarray:
        return self._generator.standard_normal((*shape, self.DIM)) / np.sqrt(self.DIM)

    def photos(self, people: int, sessions: int, each: int = 2) -> np.ndarray:
        """(people, sessions * each, dim) unit vectors."""
        raw = self.SHARED * self._common + self.PERSON * self._draw(people, 1, 1)
        raw = raw + self.SESSION * self._draw(people, sessions, 1) + self.PHOTO * self._draw(people, sessions, each)
        raw /= np.linalg.norm(raw, axis=-1, keepdims=True)
        return raw.reshape(people, sessions * each, self.DIM).astype(np.float32)


@pytest.fixture(scope="module")
def world() -> tuple[World, Calibration]:
    world = World(1)
    dev = world.photos(150, 6)
    return world, Calibration.of(Comparisons.of(dev.reshape(-1, World.DIM), np.repeat(np.arange(150), 12)))


@pytest.mark.parametrize("people", [20, 50])
@pytest.mark.parametrize("photos", [1, 3, 8])
@pytest.mark.parametrize("fpir", [0.1, 0.01])
def test_strangers_are_named_as_often_as_stated(
    world: tuple[World, Calibration], people: int, photos: int, fpir: float
) -> None:
    """Galleries of simulated people, enrolled by the mean of their photos; strangers search."""
    drawn, calibration = world
    false = []
    for _ in range(40):
        enrolled = drawn.photos(people, 4)[:, :photos].mean(axis=1)
        enrolled /= np.linalg.norm(enrolled, axis=1, keepdims=True)
        references = References([str(one) for one in range(people)], [photos] * people, enrolled)
        point = operating_point(calibration, references.photos, fpir)
        assert point.supported
        strangers = drawn.photos(150, 1).reshape(-1, World.DIM)
        thresholds = point.of(references)
        false += [identify(stranger, references, thresholds).name != UNKNOWN for stranger in strangers]
    assert 0.5 <= np.mean(false) / fpir <= 1.5


def test_a_threshold_for_single_photos_would_not_do(world: tuple[World, Calibration]) -> None:
    drawn, calibration = world
    enrolled = drawn.photos(50, 4).mean(axis=1)
    enrolled /= np.linalg.norm(enrolled, axis=1, keepdims=True)
    strangers = drawn.photos(500, 1).reshape(-1, World.DIM)
    single = calibration.pairs.threshold(operating_point(calibration, [8] * 50, 0.1).fmr)
    assert np.mean((strangers @ enrolled.T).max(axis=1) > single) > 0.15  # where 0.1 is stated


def test_without_a_wish_the_lowest_supported_rate_is_taken(calibration: Calibration) -> None:
    assert operating_point(calibration, [1] * 50).fpir == 0.01
    assert operating_point(calibration, [1] * 500).fpir == 0.1  # 0.01 would need an FMR of 2e-5


def test_a_rate_beyond_the_calibration_is_replaced_and_said_so(calibration: Calibration) -> None:
    point = operating_point(calibration, [1] * 100_000, 0.01)
    assert not point.supported
    assert point.fmr == pytest.approx(1e-4)
    assert point.fpir == pytest.approx(1 - (1 - 1e-4) ** 100_000)
    assert point.thresholds == operating_point(calibration, [1], 1e-4).thresholds


def test_the_person_whom_the_calibration_supports_least_decides(world: tuple[World, Calibration]) -> None:
    _, calibration = world
    mixed = operating_point(calibration, [1, 3, 12, 12], 1e-6)
    assert not mixed.supported
    assert mixed.fmr == max(calibration.tail(photos).smallest_fmr for photos in (1, 3, 12))
    assert list(mixed.thresholds) == [1, 3, 12]
    assert mixed.thresholds[1] < mixed.thresholds[3] < mixed.thresholds[12]


def test_impossible_wishes(calibration: Calibration) -> None:
    with pytest.raises(InputError):
        operating_point(calibration, [1] * 10, 1.5)
    few = made_calibration([0.1, 0.2], "m", 2, 2)
    with pytest.raises(InputError, match="--threshold"):
        operating_point(few, [1] * 10)


def test_names_only_above_the_threshold() -> None:
    references = References(["Ada", "Bob"], [1, 1], np.eye(2, 8, dtype=np.float32))
    thresholds = fixed_point(0.8, [1, 1]).of(references)
    ada = np.array([0.9, 0.1, np.sqrt(0.18), 0, 0, 0, 0, 0], np.float32)
    assert identify(ada, references, thresholds) == Match("Ada", pytest.approx(0.9), 0.8)
    assert identify(np.eye(8)[2], references, thresholds).name == UNKNOWN
    exactly = np.array([0.8, 0.6, 0, 0, 0, 0, 0, 0], np.float32)
    strict = fixed_point(float(np.float32(0.8)), [1, 1]).of(references)
    assert identify(exactly, references, strict).name == UNKNOWN
    nobody = References([], [], np.zeros((0, 8), np.float32))
    assert identify(ada, nobody, fixed_point(0.8, []).of(nobody)) == Match(UNKNOWN, -1.0, None)


def test_everybody_is_held_to_a_threshold_of_their_own() -> None:
    references = References(["Ada", "Bob"], [1, 5], np.eye(2, 2, dtype=np.float32))
    thresholds = OperatingPoint({1: 0.5, 5: 0.75}, 2, 0.1, 0.05, True).of(references)
    assert identify(np.array([0.6, 0.8]), references, thresholds) == Match("Ada", pytest.approx(0.6), 0.5)
    assert identify(np.array([0.45, 0.72]), references, thresholds) == Match(UNKNOWN, pytest.approx(0.72), 0.75)
    assert identify(np.array([0.1, 0.9]), references, thresholds) == Match("Bob", pytest.approx(0.9), 0.75)
