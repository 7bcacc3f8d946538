"""The search for a learning rate, with curves of score by factor made up."""

import math

import pytest

from benchmarks.rate_search import search


def peak(at):
    """A score that falls on both sides of a factor; also records what is asked."""
    asked = []

    def score(factor):
        asked.append(factor)
        return (-abs(math.log2(factor / at)),)

    return score, asked


@pytest.mark.parametrize(
    ("at", "tried", "at_limit"),
    [
        (1, [0.5, 1, 2], False),
        (0.5, [0.25, 0.5, 1, 2], False),
        (2, [0.5, 1, 2, 4], False),
        (1 / 8, [1 / 16, 1 / 8, 0.25, 0.5, 1, 2], False),
        (8, [0.5, 1, 2, 4, 8, 16], False),
        (1 / 16, [1 / 16, 1 / 8, 0.25, 0.5, 1, 2], True),
        (16, [0.5, 1, 2, 4, 8, 16], True),
    ],
)
def test_the_best_has_a_neighbour_on_both_sides_or_lies_at_the_limit(at, tried, at_limit):
    score, asked = peak(at)
    found = search(score)
    assert (found.best, list(found.scores), found.at_limit) == (at, tried, at_limit)
    assert sorted(asked) == tried  # each once


def test_beyond_the_limit_nothing_is_tried():
    for at, best in ((1e-3, 1 / 16), (1e3, 16)):
        found = search(peak(at)[0])
        assert (found.best, found.at_limit) == (best, True)


def test_a_factor_that_fails_ends_the_search_on_its_side():
    found = search(lambda factor: (factor,) if factor < 8 else None)
    assert list(found.scores.items()) == [(0.5, (0.5,)), (1, (1,)), (2, (2,)), (4, (4,)), (8, None)]
    assert (found.best, found.at_limit) == (4, False)
    nothing = search(lambda factor: None)
    assert (nothing.best, nothing.at_limit, list(nothing.scores)) == (None, False, [0.5, 1, 2])


def test_the_second_figure_decides_between_level_ones_and_then_the_larger_factor():
    assert search(lambda factor: (0.5, -abs(factor - 1))).best == 1
    assert search({0.5: (0.1,), 1: (0.4,), 2: (0.4,), 4: (0.3,)}.get).best == 2
