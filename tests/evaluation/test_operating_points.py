import numpy as np
import pytest
from made_people import all_scores, made_comparisons, made_embeddings

from faceline.core.errors import FacelineError
from faceline.evaluation import operating_points as module
from faceline.evaluation.comparisons import Comparisons
from faceline.evaluation.operating_points import operating_points

FPRS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)


@pytest.mark.parametrize("block_mb", [256, 0.002])
@pytest.mark.parametrize("failed", [0, 9])
def test_agrees_with_all_scores_sorted(block_mb, failed):
    comparisons, parts = made_comparisons(people=20, photos=5, outsiders=15, failed=failed)
    genuine, impostor = all_scores(*parts)
    descending = np.sort(impostor)[::-1]
    for point in operating_points(comparisons, FPRS, block_mb):
        rank = int(point.fpr * len(impostor) + 1e-9)
        assert point.threshold == pytest.approx(descending[rank], abs=1e-6)
        assert point.false_matches == rank
        # scores of float32 products may swap with a threshold a rounding error away
        assert abs(point.tpr - np.mean(genuine > descending[rank])) <= 2 / len(genuine)


def test_a_sample_changes_nothing(monkeypatch):
    comparisons, _ = made_comparisons(people=40, photos=6, outsiders=30)
    whole = operating_points(comparisons, FPRS)
    monkeypatch.setattr(module, "sample_size", lambda *_: 5_000)
    assert operating_points(comparisons, FPRS, seed=3) == whole


def test_order_of_photos_and_names_of_people_do_not_matter():
    comparisons, (embeddings, person, others, other_person) = made_comparisons()
    order = np.random.default_rng(5).permutation(len(person))
    names = np.array([f"p{999 - code}" for code in person])[order]
    renamed = Comparisons.of(embeddings[order], names, others[::-1], [f"d{code}" for code in other_person[::-1]])
    for before, after in zip(operating_points(comparisons, FPRS), operating_points(renamed, FPRS), strict=True):
        assert after.threshold == pytest.approx(before.threshold, abs=1e-6)
        assert after.tpr == pytest.approx(before.tpr, abs=0.02)


def test_rates_rise_with_fpr():
    comparisons, _ = made_comparisons(failed=5)
    points = operating_points(comparisons, sorted(FPRS))
    assert [point.tpr for point in points] == sorted(point.tpr for point in points)
    assert [point.threshold for point in points] == sorted((point.threshold for point in points), reverse=True)


def test_fewer_than_ten_expected_false_matches_are_too_few():
    comparisons, _ = made_comparisons(people=12, photos=5, outsiders=8, outsider_photos=3)  # 1650 + 1440 negatives
    reasons = {point.fpr: point.reason for point in operating_points(comparisons, (0.01, 0.003))}
    assert reasons[0.01] == ""
    assert reasons[0.003] == "expects 9.27 false matches of 3090 comparisons; 10 are needed"


def test_false_matches_of_few_pairs_of_people_are_too_few():
    """Persons 0 and 1 look alike, so that all the largest impostor scores are theirs."""
    embeddings, person = made_embeddings(6, 8, dim=64, scatter=0.1)
    embeddings[8:16] = embeddings[:8]
    comparisons = Comparisons.of(embeddings, person)
    point = operating_points(comparisons, [0.05])[0]
    assert point.false_matches >= 40
    assert point.reason == "the false matches come from 1 pairs of people; 10 are needed"


def test_no_figure_without_negatives():
    embeddings, _ = made_embeddings(1, 5)
    with pytest.raises(FacelineError, match="10 positive and 0 negative"):
        operating_points(Comparisons.of(embeddings, np.zeros(5)), FPRS)


def test_no_figure_without_positives():
    embeddings, person = made_embeddings(5, 1)
    with pytest.raises(FacelineError, match="0 positive and 10 negative"):
        operating_points(Comparisons.of(embeddings, person), FPRS)
