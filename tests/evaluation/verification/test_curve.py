import numpy as np
import pytest
from made_people import all_scores, made_comparisons, made_embeddings
from scipy.stats import norm, rankdata
from sklearn.metrics import roc_auc_score, roc_curve

from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.counts import ImpostorCounts
from faceline.evaluation.verification.curve import (
    MAX_POINTS,
    Curve,
    curve_thresholds,
    det_table,
    histogram_table,
    roc_table,
    spread_thresholds,
)
from faceline.evaluation.verification.impostors import ImpostorScores


def curve(comparisons, seed=1):
    scores = ImpostorScores(comparisons)
    counts = ImpostorCounts(curve_thresholds(scores, seed))
    scores.show([counts])
    return Curve.of(comparisons, counts.thresholds, counts.above)


def labelled(parts):
    genuine, impostor = all_scores(*parts)
    genuine = np.where(np.isfinite(genuine), genuine, -2.0)
    return np.repeat([1, 0], [len(genuine), len(impostor)]), np.concatenate([genuine, impostor])


def mann_whitney(comparisons):
    """P(genuine > impostor) + P(tied) / 2 from the ranks of all scores, as float32 products give them."""
    query, person = comparisons.query, comparisons.query_person
    first, second = np.triu_indices(len(query), 1)
    within, same = (query @ query.T)[first, second], person[first] == person[second]
    genuine, impostor = within[same], np.append(within[~same], query @ comparisons.distractor.T)
    ranks = rankdata(np.concatenate([genuine, impostor]))[: len(genuine)].sum()
    return (ranks - len(genuine) * (len(genuine) + 1) / 2) / (len(genuine) * len(impostor))


@pytest.mark.parametrize(
    ("people", "photos", "outsiders", "bound"),
    [(20, 5, 8, 1e-7), (40, 8, 40, 1e-7), (50, 10, 45, 1e-7), (200, 10, 100, 1e-6)],
)
@pytest.mark.parametrize("scatter", [1.0, 2.5])
def test_auc_is_the_mann_whitney_statistic(people, photos, outsiders, bound, scatter):
    """200, 1,120, 2,250 and 9,000 genuine pairs; each of the first three has fewer than a curve has quantiles."""
    comparisons, _ = made_comparisons(people, photos, outsiders, scatter=scatter)
    assert curve(comparisons).auc == pytest.approx(mann_whitney(comparisons), abs=bound)


@pytest.mark.parametrize("scatter", [0.3, 1.5, 4.0])
@pytest.mark.parametrize("failed", [0, 8])
def test_auc_and_eer_agree_with_scikit_learn(scatter, failed):
    comparisons, parts = made_comparisons(people=20, scatter=scatter, failed=failed)
    labels, scores = labelled(parts)
    of = curve(comparisons)
    assert of.auc == pytest.approx(roc_auc_score(labels, scores), abs=1e-6)
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    nearest = np.argmin(np.abs(fpr - (1 - tpr)))
    assert of.eer == pytest.approx((fpr[nearest] + 1 - tpr[nearest]) / 2, abs=0.01)


def test_rates_go_from_everything_passes_to_nothing_passes():
    comparisons, _ = made_comparisons(failed=8)
    of = curve(comparisons)
    scored = len(comparisons.genuine.score)
    assert (of.fmr[0], of.fmr[-1]) == (1, 0)
    assert of.fnmr[0] == pytest.approx(1 - scored / comparisons.positive_pairs)
    assert of.fnmr[-1] == 1
    assert (np.diff(of.fmr) <= 0).all()
    assert (np.diff(of.fnmr) >= 0).all()


def test_perfect_separation():
    embeddings, person = made_embeddings(10, 4, dim=64, scatter=0.05)
    of = curve(Comparisons.of(embeddings, person))
    assert of.auc == pytest.approx(1)
    assert of.eer == 0


def test_eer_of_normal_scores():
    """Two normal distributions of equal width d apart meet at the rate Phi(-d / 2)."""
    comparisons, parts = made_comparisons(people=30, photos=6, outsiders=30, scatter=1.5)
    genuine, impostor = all_scores(*parts)
    width = np.sqrt((genuine.var() + impostor.var()) / 2)
    expected = norm.cdf(-(genuine.mean() - impostor.mean()) / (2 * width))
    assert curve(comparisons).eer == pytest.approx(expected, abs=0.03)


def test_tables_are_thin_and_lie_on_the_curve():
    comparisons, _ = made_comparisons(people=40, photos=6, outsiders=40)
    of = curve(comparisons)
    roc, det = roc_table(of), det_table(of)
    assert len(of.thresholds) > 2 * MAX_POINTS
    assert len(roc) <= MAX_POINTS
    assert len(det) <= MAX_POINTS
    assert (np.diff(roc["fpr"]) >= 0).all()
    assert roc["tpr"].iloc[[0, -1]].tolist() == [0, 1]
    position = np.searchsorted(of.thresholds, roc["threshold"])
    assert of.fmr[position].tolist() == roc["fpr"].tolist()
    assert np.allclose(norm.cdf(det["fmr_probit"]), det["fmr"])
    assert np.allclose(norm.cdf(det["fnmr_probit"]), det["fnmr"])
    assert np.isfinite(det.to_numpy()).all()
    # thinning loses no area
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(of.auc, abs=1e-3)


def test_histogram_agrees_with_numpy():
    comparisons, parts = made_comparisons(people=30, photos=5)
    genuine, impostor = all_scores(*parts)
    table = histogram_table(curve(comparisons), bins=20)
    edges = np.append(table["low"], table["high"].iloc[-1])
    for name, scores in (("genuine", genuine), ("impostor", impostor)):
        wanted = np.histogram(scores, edges)[0] / len(scores)
        assert table[name].sum() == pytest.approx(1)
        assert np.abs(table[name] - wanted).max() < 0.01


def test_spread_thresholds_reach_from_all_to_a_single_false_match():
    comparisons, _ = made_comparisons(people=30, photos=5, outsiders=30)
    of = curve(comparisons)
    chosen = spread_thresholds(of)
    fmr = of.fmr[np.searchsorted(of.thresholds, chosen)]
    assert len(chosen) <= 258
    assert fmr[0] == 1
    assert fmr[-1] == 0
    middle = fmr[(fmr > 100 / of.impostors[0]) & (fmr < 0.9)]
    assert (middle[:-1] / middle[1:]).max() < 1.2


def test_the_seed_changes_next_to_nothing():
    comparisons, _ = made_comparisons(people=30, photos=5)
    assert curve(comparisons, seed=1).auc == pytest.approx(curve(comparisons, seed=2).auc, abs=1e-5)
