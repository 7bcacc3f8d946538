import numpy as np
import pytest
from made_people import all_scores, made_comparisons

from faceline.evaluation.verification.counts import ResampledCounts
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import Resamples, interval, person_weights

THRESHOLDS = np.array([-1.1, -0.2, 0.0, 0.1, 0.3, 0.5, 0.8], np.float32)


def resample(comparisons, thresholds, weights, block_mb=256):
    """Counts of all scores, and the rates of every resample."""
    counts = ResampledCounts(comparisons, thresholds, weights)
    ImpostorScores(comparisons, block_mb).show([counts])
    genuine = comparisons.genuine.counts_above(thresholds, len(comparisons.names))
    positives = comparisons.positive_pairs_by_person
    return Resamples.of(weights, counts.weighted, genuine, positives, comparisons.photos, len(comparisons.distractor))


@pytest.mark.parametrize("block_mb", [256, 0.001])
def test_a_weight_is_a_number_of_copies_that_are_never_compared_with_each_other(block_mb):
    """Written out: every copy of a person becomes a person, and pairs of two copies of one are left out."""
    comparisons, (embeddings, person, others, _) = made_comparisons(people=6, photos=3, outsiders=3, failed=3)
    weights = person_weights(6, 5, seed=2)
    samples = resample(comparisons, THRESHOLDS, weights, block_mb)
    for row, drawn in enumerate(weights):
        copies = [code for code, times in enumerate(drawn) for _ in range(times)]
        genuine, impostor = [], []
        for first, one in enumerate(copies):
            genuine += all_scores(embeddings[person == one], person[person == one])[0].tolist()
            ours = embeddings[person == one]
            ours = ours[~np.isnan(ours).any(axis=1)]
            impostor += (ours @ others.T).ravel().tolist()
            for two in copies[first + 1 :]:
                theirs = embeddings[person == two]
                if one != two:
                    impostor += (ours @ theirs[~np.isnan(theirs).any(axis=1)].T).ravel().tolist()
        assert samples.tmr[row] == pytest.approx([np.mean(np.array(genuine) > t) for t in THRESHOLDS])
        assert samples.fmr[row] == pytest.approx([np.mean(np.array(impostor) > t) for t in THRESHOLDS])


def test_everybody_once_gives_the_figures_themselves():
    comparisons, parts = made_comparisons(failed=4)
    samples = resample(comparisons, THRESHOLDS, np.ones((1, 12), int))
    genuine, impostor = all_scores(*parts)
    assert samples.tmr[0] == pytest.approx([np.mean(genuine > t) for t in THRESHOLDS])
    assert samples.fmr[0] == pytest.approx([np.mean(impostor > t) for t in THRESHOLDS])


def test_weights_draw_as_many_people_as_there_are():
    weights = person_weights(30, 500, seed=1)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean() == pytest.approx(1)
    assert weights.var() == pytest.approx(1 - 1 / 30, rel=0.1)
    assert np.array_equal(weights, person_weights(30, 500, seed=1))
    assert not np.array_equal(weights, person_weights(30, 500, seed=2))


def test_rates_of_a_small_resample():
    samples = Resamples(fmr=np.array([[1.0, 0.2, 0.0]]), tmr=np.array([[1.0, 0.8, 0.0]]))
    assert samples.tmr_at_fmr(0.2) == pytest.approx([0.8])
    assert samples.tmr_at_fmr(0.1) == pytest.approx([0.4])
    assert samples.eer() == pytest.approx([0.2])
    assert samples.auc() == pytest.approx([0.8 * 0.9 + 0.2 * 0.4])


def test_interval():
    low, high = interval(np.append(np.arange(1001) / 1000, np.nan))
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))
    assert interval(np.array([1.0, np.nan, np.nan])) == (None, None)
    assert interval(np.empty(0)) == (None, None)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """TMR at a threshold over worlds drawn alike; resampled by pair, the intervals would be far too narrow."""
    worlds = 40
    truth = []
    bounds = []
    for seed in range(worlds):
        comparisons, _ = made_comparisons(people=25, photos=4, outsiders=1, seed=100 + 2 * seed)
        samples = resample(comparisons, np.array([0.3], np.float32), person_weights(25, 200, seed))
        truth.append(np.mean(comparisons.genuine.score > 0.3))
        bounds.append(interval(samples.tmr[:, 0]))
    middle = np.mean(truth)
    held = sum(low <= middle <= high for low, high in bounds)
    assert held >= 0.8 * worlds
    assert np.mean([high - low for low, high in bounds]) < 0.35
