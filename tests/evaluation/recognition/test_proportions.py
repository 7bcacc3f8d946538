import numpy as np
import pytest
from scipy.stats import binomtest, norm

from faceline.evaluation.recognition.proportions import Proportion, equal_clusters
from faceline.evaluation.verification.intervals import person_weights

STILL = np.zeros(9)  # resamples that say nothing of the variance


def exact(errors, total, level=0.95):
    """Clopper and Pearson's interval of independent comparisons."""
    ends = binomtest(errors, total).proportion_ci(level, method="exact")
    return ends.low, ends.high


def test_no_error_among_as_many_clusters():
    share = Proportion(0, 3120, 12, 0, 45, STILL)
    assert share.value == 0
    low, high = share.interval()
    assert low == 0
    assert (1 - high) ** 45 == pytest.approx(0.025)


@pytest.mark.parametrize("level", [0.95, 0.975])
@pytest.mark.parametrize(("errors", "total"), [(1, 45), (9, 200), (45, 45), (0, 45)])
def test_independent_comparisons_have_the_binomial_interval(errors, total, level):
    share = Proportion(errors, total, 12, min(errors, 9), total, STILL)
    assert share.interval(level) == pytest.approx(exact(errors, total, level))


def test_comparisons_that_err_together_count_as_one():
    """Two of twenty pairs of people err, each with all of its 36 comparisons."""
    share = Proportion(72, 720, 12, 2, 20, STILL)
    assert share.interval() == pytest.approx(exact(2, 20))


def test_the_variance_of_resamples_says_how_many_comparisons_are_independent():
    resampled = np.array([0.05, 0.15] * 50)  # mean 0.1, variance 0.0025, as of 36 independent ones
    share = Proportion(72, 720, 12, 2, 300, resampled)
    assert share.effective_comparisons == pytest.approx(0.1 * 0.9 / 0.0025)
    missing = np.append(resampled, np.nan)
    assert Proportion(72, 720, 12, 2, 300, missing).interval() == share.interval()
    assert Proportion(72, 720, 12, 2, 20, resampled).effective_comparisons == 20
    low, high = share.interval()
    assert low < exact(72, 720)[0] < 0.1 < exact(72, 720)[1] < high


def test_enough_people_and_pairs_leave_it_to_the_resamples():
    resampled = np.linspace(0, 1, 1001)
    ends = pytest.approx((0.025, 0.975))
    assert Proportion(50, 100, 10, 10, 40, resampled).interval() == ends
    assert Proportion(50, 100, 9, 10, 40, resampled).interval() != ends
    assert Proportion(50, 100, 10, 9, 40, resampled).interval() != ends


def test_all_errors_leave_room_below():
    low, high = Proportion(400, 400, 20, 20, 20, np.ones(9)).interval()
    assert high == 1
    assert low**20 == pytest.approx(0.025)


def test_less_than_one_independent_error_leaves_zero_possible():
    """One pair of twenty errs, with a quarter of its 36 comparisons: less than one pair that always errs."""
    low, high = Proportion(9, 720, 12, 1, 20, STILL).interval()
    assert low == 0
    assert exact(0, 20)[1] < high < exact(1, 20)[1]


def test_without_comparisons_there_is_nothing():
    share = Proportion(0, 0, 0, 0, 0, np.full(9, np.nan))
    assert share.value is None
    assert share.interval() == (None, None)


def test_unequal_clusters_are_worth_fewer():
    assert equal_clusters(20 * 36, 20 * 36**2) == 20
    sizes = np.array([100, 1, 1, 1])
    assert 1 < equal_clusters(sizes.sum(), (sizes**2).sum()) < 1.1
    assert equal_clusters(0, 0) == 0


class World:
    """False matches of people who do not exist: each person, each pair of people and each pair of photos adds its
    own part to a score. A fifth of the variance is the two people's, two fifths the pair's."""

    people, distractors, photos = 10, 20, 5

    def __init__(self, fmr, seed):
        self._rng, self._threshold = np.random.default_rng(seed), norm.isf(fmr)
        everybody = self.people + self.distractors
        first, second = np.triu_indices(everybody, 1)
        self._first, self._second = first[first < self.people], second[first < self.people]

    def proportion(self):
        """What is seen of these people: 245 pairs, 25 comparisons each."""
        rng, pairs, each = self._rng, len(self._first), self.photos**2
        person = rng.normal(0, 0.1**0.5, self.people + self.distractors)
        shared = person[self._first] + person[self._second] + rng.normal(0, 0.4**0.5, pairs)
        errors = (shared[:, None] + rng.normal(0, 0.4**0.5, (pairs, each)) > self._threshold).sum(axis=1)
        weights = person_weights(self.people, 200, int(rng.integers(2**31)))
        weights = np.hstack([weights, np.ones((200, self.distractors), int)])
        drawn = weights[:, self._first] * weights[:, self._second]
        resampled = drawn @ errors / (drawn.sum(axis=1) * each)
        return Proportion(int(errors.sum()), pairs * each, self.people, int((errors > 0).sum()), pairs, resampled)


@pytest.mark.parametrize("fmr", [0.001, 0.003])
def test_the_upper_end_holds_although_comparisons_share_people(fmr):
    world = World(fmr, seed=4)
    seen = [world.proportion() for _ in range(300)]
    few = [share for share in seen if share.erring < 10]
    assert len(few) > 150
    assert np.mean([share.interval()[1] >= fmr for share in few]) >= 0.95
    assert np.mean([share.interval()[0] <= fmr for share in few]) >= 0.95
    naive = [exact(share.errors, share.comparisons)[1] >= fmr for share in few]
    assert np.mean(naive) < 0.9  # comparisons taken as independent: what this is for


def test_the_upper_end_is_not_needlessly_wide():
    """No wider than if a pair of people with one false match had nothing else."""
    world = World(0.003, seed=5)
    for share in (world.proportion() for _ in range(50)):
        if share.erring < 10:
            assert share.interval()[1] <= exact(share.erring, 245)[1] + 1e-9
