import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import all_scores, made_embeddings
from sklearn.metrics import roc_auc_score, roc_curve

from faceline.core.errors import FacelineError
from faceline.evaluation.scores.rates import allowed_false_matches, area_under_roc, pair_scores, tpr_at_fpr

IMPOSTOR = [0.1, 0.7, -0.2, 0.4, 0.3, 0.0, 0.6, 0.2, 0.5, -0.1]


@pytest.mark.parametrize(
    ("fpr", "threshold", "tpr"),
    [(0.5, 0.2, 0.75), (0.3, 0.4, 0.5), (0.1, 0.6, 0.25), (0.0, 0.7, 0.25), (1.0, -0.2, 1.0)],
)
def test_by_example(fpr, threshold, tpr):
    """Ten impostors in descending order 0.7 0.6 0.5 0.4 0.3 0.2 ...: at 0.3 the fourth is the threshold."""
    assert tpr_at_fpr([0.9, 0.45, 0.2001, 0.0], IMPOSTOR, fpr) == (pytest.approx(tpr), pytest.approx(threshold))


def test_ties_with_the_threshold_are_turned_away_on_both_sides():
    tpr, threshold = tpr_at_fpr([0.5, 0.5, 0.6], [0.5, 0.5, 0.5, 0.1], 0.25)
    assert threshold == 0.5
    assert tpr == pytest.approx(1 / 3)


@pytest.mark.parametrize(("fpr", "pairs", "allowed"), [(0.29, 100, 29), (0.57, 100, 57), (0.1, 41, 4), (1.0, 7, 6)])
def test_products_are_mended(fpr, pairs, allowed):
    assert allowed_false_matches(fpr, pairs) == allowed


@pytest.mark.parametrize(("fpr", "pairs"), [(-0.1, 5), (1.1, 5), (0.1, 0), (float("nan"), 5)])
def test_impossible_targets(fpr, pairs):
    with pytest.raises(ValueError, match="need an FPR"):
        allowed_false_matches(fpr, pairs)


grid = st.lists(st.integers(-20, 20).map(lambda value: value / 20), min_size=1, max_size=60)


@settings(deadline=None)
@given(genuine=grid, impostor=grid, fpr=st.floats(0, 1))
def test_agrees_with_the_best_point_of_scikit_learns_roc(genuine, impostor, fpr):
    labels = [1] * len(genuine) + [0] * len(impostor)
    fprs, tprs, _ = roc_curve(labels, genuine + impostor, drop_intermediate=False)
    allowed = allowed_false_matches(fpr, len(impostor))
    best = tprs[fprs * len(impostor) <= allowed + 1e-6].max()
    assert tpr_at_fpr(genuine, impostor, fpr)[0] == pytest.approx(best)


@settings(deadline=None)
@given(genuine=grid, impostor=grid, fprs=st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_rises_with_fpr_and_lets_no_more_than_the_target_through(genuine, impostor, fprs):
    points = [tpr_at_fpr(genuine, impostor, fpr) for fpr in sorted(fprs)]
    assert [tpr for tpr, _ in points] == sorted(tpr for tpr, _ in points)
    for fpr, (_, threshold) in zip(sorted(fprs), points, strict=True):
        assert np.mean(np.array(impostor) > threshold) <= fpr + 1e-9


@pytest.mark.parametrize(
    ("genuine", "impostor"), [([], [0.1]), ([0.1], []), ([np.nan], [0.1]), ([0.1], [np.nan, 0.2]), ([np.inf], [0.1])]
)
def test_no_figure_without_sound_scores(genuine, impostor):
    with pytest.raises(FacelineError):
        tpr_at_fpr(genuine, impostor, 0.1)


def test_every_pair_once():
    embeddings, person = made_embeddings(4, 3)
    genuine, impostor = pair_scores(embeddings, [f"name {code}" for code in person])
    wanted_genuine, wanted_impostor = all_scores(embeddings, person)
    assert np.allclose(np.sort(genuine), np.sort(wanted_genuine), atol=1e-6)
    assert np.allclose(np.sort(impostor), np.sort(wanted_impostor), atol=1e-6)


def test_area_under_roc_is_scikit_learns_with_ties():
    generator = np.random.default_rng(1)
    genuine = generator.normal(0.5, 0.4, 200).round(1)
    impostor = generator.normal(0, 0.4, 900).round(1)
    wanted = roc_auc_score(np.repeat([1, 0], [200, 900]), np.concatenate([genuine, impostor]))
    assert area_under_roc(genuine, impostor) == pytest.approx(wanted)
    assert np.isnan(area_under_roc(genuine, impostor[:0]))
