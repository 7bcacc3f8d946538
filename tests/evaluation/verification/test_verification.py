import threading

import numpy as np
import pytest
from made_people import all_scores, made_calibration, made_comparisons, made_embeddings

from faceline.core.errors import FacelineError
from faceline.evaluation.verification import order_statistics
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.intervals import person_weights
from faceline.evaluation.verification.verification import id_rates, measure, verification_figures

FPRS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001)


def rates_of(comparisons, fprs=FPRS, block_mb=256, seed=1):
    return id_rates(ImpostorScores(comparisons, block_mb), fprs, seed)


@pytest.mark.parametrize("block_mb", [256, 0.002])
@pytest.mark.parametrize("failed", [0, 9])
def test_agrees_with_all_scores_sorted(block_mb, failed):
    comparisons, parts = made_comparisons(people=20, photos=5, outsiders=15, failed=failed)
    genuine, impostor = all_scores(*parts)
    descending = np.sort(impostor)[::-1]
    for fpr, rate in zip(FPRS, rates_of(comparisons, FPRS, block_mb), strict=True):
        threshold = descending[int(fpr * len(impostor) + 1e-9)]
        assert rate.threshold == pytest.approx(threshold, abs=1e-6)
        if rate.reason:
            assert rate.value is None
        else:  # scores of float32 products may swap with a threshold a rounding error away
            assert abs(rate.value - np.mean(genuine > threshold)) <= 2 / len(genuine)


def test_a_sample_changes_nothing(monkeypatch):
    comparisons, _ = made_comparisons(people=40, photos=6, outsiders=30)
    whole = rates_of(comparisons, FPRS)
    monkeypatch.setattr(order_statistics, "sample_size", lambda *_: 5_000)
    assert rates_of(comparisons, FPRS, seed=3) == whole


def test_order_of_photos_and_names_of_people_do_not_matter():
    comparisons, (embeddings, person, others, other_person) = made_comparisons()
    order = np.random.default_rng(5).permutation(len(person))
    names = np.array([f"p{999 - code}" for code in person])[order]
    renamed = Comparisons.of(embeddings[order], names, others[::-1], [f"d{code}" for code in other_person[::-1]])
    for before, after in zip(rates_of(comparisons, FPRS), rates_of(renamed, FPRS), strict=True):
        assert after.threshold == pytest.approx(before.threshold, abs=1e-6)
        assert after.value == pytest.approx(before.value, abs=0.02)


def test_rates_rise_with_fpr():
    comparisons, _ = made_comparisons(failed=5)
    points = rates_of(comparisons, sorted(FPRS))
    values = [point.value for point in points if point.value is not None]
    assert len(values) >= 4
    assert values == sorted(values)
    assert [point.threshold for point in points] == sorted((point.threshold for point in points), reverse=True)


def test_fewer_than_ten_expected_false_matches_are_too_few():
    comparisons, _ = made_comparisons(people=12, photos=5, outsiders=8, outsider_photos=3)  # 1650 + 1440 negatives
    enough, few = rates_of(comparisons, (0.01, 0.003))
    assert enough.reason == ""
    assert few.reason == "expects 9.27 false matches of 3090 comparisons; 10 are needed"


def test_false_matches_of_few_pairs_of_people_are_too_few():
    """Persons 0 and 1 look alike, so that all the largest impostor scores are theirs."""
    embeddings, person = made_embeddings(6, 8, dim=64, scatter=0.1)
    embeddings[8:16] = embeddings[:8]
    comparisons = Comparisons.of(embeddings, person)
    point = rates_of(comparisons, [0.05])[0]
    assert point.value is None
    assert point.reason == "the false matches come from 1 pairs of people; 10 are needed"


def test_no_figure_without_negatives():
    embeddings, _ = made_embeddings(1, 5)
    with pytest.raises(FacelineError, match="10 positive and 0 negative"):
        rates_of(Comparisons.of(embeddings, np.zeros(5)), FPRS)


def test_no_figure_without_positives():
    embeddings, person = made_embeddings(5, 1)
    with pytest.raises(FacelineError, match="0 positive and 10 negative"):
        rates_of(Comparisons.of(embeddings, person), FPRS)


class Seen:
    """Counts the scores that an observer is shown."""

    def __init__(self):
        self.scores = 0
        self._lock = threading.Lock()  # threads offer at once

    def offer(self, block, place):
        count = np.count_nonzero(block > -np.inf)
        with self._lock:
            self.scores += count


@pytest.mark.parametrize("block_mb", [256, 0.01])
def test_measure_agrees_with_all_scores(block_mb):
    comparisons, parts = made_comparisons(people=20, photos=5, outsiders=15, failed=4)
    genuine, impostor = all_scores(*parts)
    seen = Seen()
    weights = person_weights(20, 10, 1)
    measured = measure(ImpostorScores(comparisons, block_mb), (0.1, 0.01), weights, frozen=[0.25], observers=[seen])
    assert seen.scores == len(impostor)
    assert measured.thresholds[0] < -1 < 1 < measured.thresholds[-1]
    place = measured.thresholds.tolist().index(0.25)
    assert measured.impostors[place] == (impostor > 0.25).sum()
    assert measured.genuine[place] == (genuine > 0.25).sum()
    for rate, fpr in zip(measured.id_rates, (0.1, 0.01), strict=True):
        place = measured.thresholds.tolist().index(np.float32(rate.threshold))
        assert measured.impostors[place] == int(fpr * len(impostor) + 1e-9)
    assert np.interp(0.3, measured.curve.thresholds, measured.curve.fmr) == pytest.approx(
        np.mean(impostor > 0.3), abs=1e-3
    )


def test_figures_at_thresholds_of_dev_people():
    comparisons, parts = made_comparisons(people=20, photos=5, outsiders=15)
    genuine, impostor = all_scores(*parts)
    calibration = made_calibration(np.linspace(-0.5, 0.5, 2001), people=9)
    scores = ImpostorScores(comparisons)
    figures = verification_figures(scores, calibration, person_weights(20, 100, 1), seed=1)
    rates = {rate.name: rate for rate in figures.rates}
    assert rates["fpr_at_dev_threshold_1e-1"].threshold == pytest.approx(0.4)
    assert rates["fpr_at_dev_threshold_1e-1"].value == pytest.approx(np.mean(impostor > 0.4), abs=1e-3)
    tpr = rates["tpr_at_dev_threshold_1e-1"]
    assert tpr.value == pytest.approx(np.mean(genuine > 0.4), abs=0.01)
    assert tpr.low < tpr.value < tpr.high
    assert figures.numbers["negative_pairs"] == len(impostor)
    few = verification_figures(scores, made_calibration([0.1, 0.2], people=3), person_weights(20, 100, 1), seed=1)
    reasons = {rate.name: rate.reason for rate in few.rates if rate.value is None}
    assert "3 dev people" in reasons["tpr_at_dev_threshold_1e-2"]
    assert scores.products == 2
