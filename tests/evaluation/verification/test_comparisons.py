import numpy as np
import pytest
from made_people import all_scores, made_comparisons, made_embeddings

from faceline.evaluation.verification.comparisons import Comparisons


def test_genuine_pairs_and_those_with_a_failed_photo():
    comparisons, parts = made_comparisons(people=6, photos=5, failed=7)
    genuine, impostor = all_scores(*parts)
    found = np.sort(comparisons.genuine.score)
    assert np.allclose(found, np.sort(genuine[np.isfinite(genuine)]), atol=1e-6)
    assert comparisons.positive_pairs == len(genuine)
    assert comparisons.negative_pairs == len(impostor)


def test_failed_distractors_never_enter_the_negatives():
    embeddings, person = made_embeddings(3, 2)
    others, other_person = made_embeddings(4, 1, seed=5)
    others[1] = np.nan
    comparisons = Comparisons.of(embeddings, person, others, other_person + 10)
    assert comparisons.negative_pairs == 12 + 6 * 3
    assert comparisons.distractor_rows.tolist() == [0, 2, 3]
    assert comparisons.person_pairs == 3 + 3 * 3


def test_person_pairs_as_in_a_small_celeba():
    """50 query people and 45 distractors are 1225 + 2250 pairs of people."""
    comparisons, _ = made_comparisons(people=50, photos=2, outsiders=45, outsider_photos=2)
    assert comparisons.person_pairs == 3475


def test_rows_lead_back_to_what_was_given():
    comparisons, (embeddings, person, _, _) = made_comparisons(failed=4)
    assert np.array_equal(comparisons.query, embeddings[comparisons.query_rows])
    assert np.array_equal(comparisons.names[comparisons.query_person], person[comparisons.query_rows])
    assert np.isnan(embeddings[comparisons.failed_rows]).all()
    assert np.array_equal(comparisons.names[comparisons.failed_person], person[comparisons.failed_rows])


def test_genuine_pairs_of_a_person_with_thousands_of_photos():
    embeddings, _ = made_embeddings(1, 2100, dim=2)
    comparisons = Comparisons.of(embeddings, np.zeros(2100, int))
    scores = comparisons.genuine.score
    wanted = (embeddings @ embeddings.T)[np.triu_indices(2100, 1)]
    assert len(scores) == comparisons.positive_pairs == len(wanted)
    assert scores.sum(dtype=float) == pytest.approx(wanted.sum(dtype=float), rel=1e-6)


def test_distractors_are_other_people():
    embeddings, person = made_embeddings(3, 2)
    with pytest.raises(ValueError, match="must not be query people"):
        Comparisons.of(embeddings, person, embeddings, person + 2)


def test_a_person_for_every_embedding():
    embeddings, person = made_embeddings(3, 2)
    with pytest.raises(ValueError, match="one person per embedding"):
        Comparisons.of(embeddings, person[1:])


@pytest.mark.parametrize("every", [1, 3])
def test_genuine_pairs_above_thresholds_by_person(every):
    comparisons, (embeddings, person, _, _) = made_comparisons(failed=6)
    thresholds, pairs = np.array([-0.2, 0.0, 0.3], np.float32), comparisons.genuine
    keep = pairs.row % every == 0
    counts = pairs.counts_above(thresholds, 12, keep)
    wanted = np.zeros((12, 3), int)
    for row, other in zip(pairs.row[keep], pairs.other[keep], strict=True):
        first, second = comparisons.query_rows[[row, other]]
        assert person[first] == person[second]
        wanted[person[first]] += embeddings[first] @ embeddings[second] > thresholds
    assert counts.tolist() == wanted.tolist()
    if every == 1:
        assert np.array_equal(pairs.counts_above(thresholds, 12), counts)
