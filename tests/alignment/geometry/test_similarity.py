import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from faceline.alignment.geometry.similarity import fit_similarity
from faceline.alignment.geometry.template import TEMPLATE
from faceline.core.errors import FacelineError


@given(st.floats(-np.pi, np.pi), st.floats(0.05, 20), st.floats(-500, 500), st.floats(-500, 500))
def test_recovers_a_known_transform(angle, scale, x, y):
    known = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = TEMPLATE @ known.T + (x, y)
    fitted = fit_similarity(TEMPLATE, moved)
    np.testing.assert_allclose(fitted, np.column_stack([known, (x, y)]), atol=1e-8 * max(1, scale, abs(x), abs(y)))


def test_equals_umeyamas_solution_by_svd_on_noisy_points():
    rng = np.random.default_rng(1)
    for _ in range(50):
        source, target = rng.normal(size=(2, 5, 2)) * 30
        ours = fit_similarity(source, target)
        theirs = SimilarityTransform.from_estimate(source, target).params[:2]
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_mirrored_target_is_never_met_by_a_reflection():
    mirrored = TEMPLATE * (-1, 1)
    assert np.linalg.det(fit_similarity(TEMPLATE, mirrored)[:, :2]) > 0


def test_batches_equal_single_fits():
    source = np.random.default_rng(2).normal(size=(4, 5, 2))
    batch = fit_similarity(source, TEMPLATE)
    np.testing.assert_allclose(batch[3], fit_similarity(source[3], TEMPLATE))


@pytest.mark.parametrize("points", [np.ones((5, 2)), np.full((5, 2), np.nan)])
def test_degenerate_points_raise(points):
    with pytest.raises(FacelineError, match="coincide"):
        fit_similarity(points, TEMPLATE)
