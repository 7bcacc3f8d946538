"""Intervals over people and seeds, against Welch, Student, a simulation, and Holm's own example of steps."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.two_way import Runs, compare, holm

PEOPLE = 40


def resampled_means(outcomes, drawn):
    """(samples, runs) means over drawn people, from (runs, people) outcomes and (samples, people) indices."""
    return Runs(outcomes.mean(axis=1), outcomes[:, drawn].mean(axis=2).T)


def alike_people(values):
    """Runs whose figure no draw of people changes."""
    return Runs(np.array(values), np.tile(values, (100, 1)))


def with_spread(mean, deviation):
    return [mean - deviation, mean, mean + deviation]


def test_where_people_are_alike_the_interval_is_welchs():
    # mean and standard deviation of two recipes over three seeds
    ours, theirs = with_spread(0.301130, 0.020732), with_spread(0.256077, 0.005116)
    found = compare(alike_people(ours), alike_people(theirs), PEOPLE)
    welch = stats.ttest_ind(ours, theirs, equal_var=False)
    assert (found.low, found.high) == pytest.approx(tuple(welch.confidence_interval()), abs=1e-9)
    assert found.p == pytest.approx(welch.pvalue)
    assert (round(found.low, 3), round(found.high, 3)) == (-0.003, 0.093)


def test_where_seeds_are_alike_the_interval_is_the_paired_one_over_people():
    rng = np.random.default_rng(1)
    outcomes = rng.random((2, PEOPLE))
    drawn = rng.integers(0, PEOPLE, (20_000, PEOPLE))
    first, second = (resampled_means(np.tile(row, (3, 1)), drawn) for row in outcomes)
    found = compare(first, second, PEOPLE)
    student = stats.ttest_rel(*outcomes)
    assert found.low == pytest.approx(student.confidence_interval().low, abs=3e-3)
    assert found.high == pytest.approx(student.confidence_interval().high, abs=3e-3)
    assert found.p == pytest.approx(student.pvalue, abs=0.02)


def covered(rng, person, entry, seed, both, runs=3, samples=200):
    """Whether the interval of one made-up comparison holds the true difference, which is 0.1."""
    common = rng.normal(0, person, PEOPLE)
    drawn = rng.integers(0, PEOPLE, (samples, PEOPLE))
    groups = []
    for mean in (0.6, 0.5):
        outcomes = mean + common + rng.normal(0, entry, PEOPLE) + rng.normal(0, seed, (runs, 1))
        groups.append(resampled_means(outcomes + rng.normal(0, both, (runs, PEOPLE)), drawn))
    found = compare(*groups, PEOPLE)
    return found.low <= 0.1 <= found.high


@pytest.mark.parametrize(
    "spread",
    [
        {"person": 0.3, "entry": 0.05, "seed": 0.03, "both": 0.05},  # seeds differ most
        {"person": 0.3, "entry": 0.3, "seed": 0.005, "both": 0.1},  # people do
        {"person": 0.3, "entry": 0.2, "seed": 0.03, "both": 0.1},
        {"person": 0.3, "entry": 0.1, "seed": 0.0, "both": 0.2},  # a seed is good for some people, bad for others
    ],
)
def test_the_interval_of_three_seeds_holds_the_truth_as_often_as_it_says(spread):
    rng = np.random.default_rng(7)
    share = np.mean([covered(rng, **spread) for _ in range(600)])
    assert 0.92 <= share <= 0.98


def test_nothing_is_said_of_one_seed_of_no_variance_or_of_draws_without_pairs():
    one, three = alike_people([0.5]), alike_people([0.4, 0.5, 0.6])
    found = compare(one, three, PEOPLE)
    assert (found.value, found.low, found.high, found.p) == (0, None, None, None)
    assert "two seeds" in found.reason
    constant = compare(alike_people([0.3] * 3), alike_people([0.1] * 3), PEOPLE)
    assert constant.value == pytest.approx(0.2)
    assert constant.low is None
    assert constant.reason
    for missing, has_interval in ((49, True), (51, False)):
        resampled = three.resampled.copy()
        resampled[:missing] = np.nan
        found = compare(Runs(three.values, resampled), three, PEOPLE)
        assert (found.low is not None) == has_interval == (not found.reason)


def test_holm_steps_down():
    # ascending: 0.01 x 4, 0.02 x 3, 0.022 x 2 = 0.044 and so no less than 0.06, 0.4 x 1
    assert holm([0.02, 0.4, 0.01, 0.022]) == pytest.approx([0.06, 0.4, 0.04, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_holm_claims_what_its_definition_says():
    """Hypotheses are rejected from the smallest p on while p < alpha / those that are left."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        p = rng.random(8) ** 4
        rejected = set()
        for index in np.argsort(p):
            if p[index] >= 0.05 / (8 - len(rejected)):
                break
            rejected.add(int(index))
        assert {index for index, one in enumerate(holm(p)) if one < 0.05} == rejected
