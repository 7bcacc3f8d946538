import numpy as np
import pytest
from made_people import all_scores, made_comparisons

from faceline.evaluation.verification.counts import ImpostorCounts, ResampledCounts
from faceline.evaluation.verification.impostors import ImpostorScores

THRESHOLDS = np.array([-1.1, -0.2, 0.0, 0.1, 0.3, 0.5, 0.8], np.float32)


@pytest.mark.parametrize("block_mb", [256, 0.001])
def test_counts_above_thresholds(block_mb):
    comparisons, parts = made_comparisons(failed=6)
    plain = ImpostorCounts(THRESHOLDS)
    resampled = ResampledCounts(comparisons, THRESHOLDS, np.array([[1] * 12, [2] * 12]))
    ImpostorScores(comparisons, block_mb).show([plain, resampled])
    _, impostor = all_scores(*parts)
    wanted = [(impostor > threshold).sum() for threshold in THRESHOLDS]
    assert plain.above.tolist() == resampled.above.tolist() == resampled.weighted[0].tolist() == wanted
    across = (comparisons.query @ comparisons.distractor.T).ravel()
    within = np.array(wanted) - [(across > threshold).sum() for threshold in THRESHOLDS]
    assert resampled.weighted[1].tolist() == (4 * within + 2 * (np.array(wanted) - within)).tolist()


def test_weights_multiply_within_the_query_people():
    """Persons 3 and 5 alone: their pairs count 2 * 3, and 2 and 3 with each distractor."""
    comparisons, (embeddings, person, others, _) = made_comparisons()
    weights = np.zeros((1, 12), int)
    weights[0, [3, 5]] = 2, 3
    counts = ResampledCounts(comparisons, THRESHOLDS, weights)
    ImpostorScores(comparisons).show([counts])
    one, two = embeddings[person == 3], embeddings[person == 5]
    for place, threshold in enumerate(THRESHOLDS):
        parts = [(scores > threshold).sum() for scores in (one @ two.T, one @ others.T, two @ others.T)]
        assert counts.weighted[0, place] == 6 * parts[0] + 2 * parts[1] + 3 * parts[2]
