"""Thresholds for a stated FPIR, and names above them."""

from __future__ import annotations

import itertools

import hypothesis.extra.numpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import made_calibration

from faceline.core.errors import InputError
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.galleries.identification import (
    UNKNOWN,
    Match,
    OperatingPoint,
    assign,
    fixed_point,
    identify,
    operating_point,
)
from faceline.galleries.references import References


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
@pytest.mark.parametrize("search", ["mean", "nearest"])
def test_strangers_are_named_as_often_as_stated(
    world: tuple[World, Calibration], people: int, photos: int, fpir: float, search: str
) -> None:
    """Galleries of simulated people, enrolled by the mean of their photos or by all of them; strangers search."""
    drawn, calibration = world
    false = []
    for _ in range(40):
        enrolled = drawn.photos(people, 4)[:, :photos]
        starts = None
        if search == "mean":
            enrolled = enrolled.mean(axis=1)
            enrolled /= np.linalg.norm(enrolled, axis=1, keepdims=True)
        else:
            enrolled, starts = enrolled.reshape(-1, World.DIM), np.arange(people) * photos
        references = References([str(one) for one in range(people)], [photos] * people, enrolled, starts)
        point = operating_point(calibration, references.photos, fpir, search)
        assert point.supported
        strangers = drawn.photos(150, 1).reshape(-1, World.DIM)
        matches = identify(strangers, references, point.of(references), repeats=True)
        false += [match.name != UNKNOWN for match in matches]
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
    faces = np.zeros((3, 8), np.float32)
    faces[0, :3] = 0.9, 0.1, np.sqrt(0.18)
    faces[1, 2] = 1
    faces[2, :2] = 0.8, 0.6
    matches = identify(faces, references, thresholds, repeats=False)
    assert matches[0] == Match("Ada", pytest.approx(0.9), 0.8)
    assert matches[1].name == UNKNOWN
    strict = fixed_point(float(np.float32(0.8)), [1, 1]).of(references)
    assert identify(faces[2:], references, strict, repeats=False)[0].name == UNKNOWN
    nobody = References([], [], np.zeros((0, 8), np.float32))
    expected = [Match(UNKNOWN, -1.0, None)]
    assert identify(faces[:1], nobody, fixed_point(0.8, []).of(nobody), repeats=False) == expected


def test_everybody_is_held_to_a_threshold_of_their_own() -> None:
    references = References(["Ada", "Bob"], [1, 5], np.eye(2, 2, dtype=np.float32))
    thresholds = OperatingPoint({1: 0.5, 5: 0.75}, 2, 0.1, 0.05, True).of(references)
    faces = np.array([[0.6, 0.8], [0.45, 0.72], [0.1, 0.9]])
    assert identify(faces, references, thresholds, repeats=True) == [
        Match("Ada", pytest.approx(0.6), 0.5),
        Match(UNKNOWN, pytest.approx(0.72), 0.75),
        Match("Bob", pytest.approx(0.9), 0.75),
    ]


def test_a_name_goes_to_one_face_of_a_photo() -> None:
    """Two faces pass Ada; the one that passes Bob as well takes his name, though Ada is nearer to it."""
    references = References(["Ada", "Bob", "Cid"], [1, 1, 1], np.eye(3, dtype=np.float32))
    thresholds = np.full(3, 0.5)
    faces = np.array([[0.75, 0.65, 0.1], [0.7, 0.2, 0.3], [0.6, 0.1, 0.2]])
    matches = identify(faces, references, thresholds, repeats=False)
    assert [(match.name, match.repeat_of) for match in matches] == [("Bob", "Ada"), ("Ada", None), (UNKNOWN, "Ada")]
    assert matches[2].similarity == pytest.approx(0.2)  # to Cid, who has no face
    alike = identify(faces, references, thresholds, repeats=True)
    assert [(match.name, match.repeat_of) for match in alike] == [("Ada", None)] * 3


def test_more_faces_than_people() -> None:
    references = References(["Ada"], [1], np.eye(1, 2, dtype=np.float32))
    faces = np.array([[0.8, 0.6], [0.9, 0.1]])
    matches = identify(faces, references, np.array([0.5]), repeats=False)
    assert matches == [Match(UNKNOWN, -1.0, None, "Ada"), Match("Ada", pytest.approx(0.9), 0.5)]


@settings(max_examples=60, deadline=None)
@given(margin=hypothesis.extra.numpy.arrays(float, (3, 4), elements=st.floats(-1, 1).map(lambda x: round(x, 2))))
def test_no_other_giving_of_names_has_a_larger_sum(margin: np.ndarray) -> None:
    """By all of them: every face takes nobody or one of four people."""
    best = max(
        sum(margin[face, person] for face, person in enumerate(choice) if person >= 0)
        for choice in itertools.product(range(-1, 4), repeat=3)
        if len(set(choice) - {-1}) == sum(person >= 0 for person in choice)
    )
    given = assign(margin)
    taken = given[given >= 0]
    assert len(set(taken.tolist())) == len(taken)
    assert margin[given >= 0, taken].sum() == pytest.approx(best)
    assert (margin[given >= 0, taken] > 0).all()


def test_an_older_calibration_serves_means_alone() -> None:
    older = made_calibration(np.linspace(-0.5, 0.5, 5000), "m", 50, 500)
    older = older.model_copy(update={"templates": {2: older.pairs}})
    assert operating_point(older, [2] * 3, 0.1).supported
    with pytest.raises(InputError, match=r"make it again.*--search mean"):
        operating_point(older, [2] * 3, 0.1, "nearest")
