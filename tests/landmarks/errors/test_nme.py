import numpy as np
import pytest
from scipy import integrate

from faceline.landmarks.errors import nme as nmes

RNG = np.random.default_rng(0)
TRUTH = np.array([[30, 40], [70, 42], [50, 60], [35, 80], [66, 81.0]]) + RNG.normal(0, 3, (50, 5, 2))


def test_nme_is_the_mean_of_distances_over_the_eye_distance():
    predicted = TRUTH + RNG.normal(0, 2, TRUTH.shape)
    for face, truth, value in zip(predicted, TRUTH, nmes.nme_eye_center(predicted, TRUTH), strict=True):
        distances = [np.hypot(*(a - b)) for a, b in zip(face, truth, strict=True)]
        assert value == pytest.approx(np.mean(distances) / np.hypot(*(truth[0] - truth[1])))
    boxes = np.tile([0, 0, 30, 40.0], (50, 1))
    np.testing.assert_allclose(
        nmes.nme_box_diagonal(predicted, TRUTH, boxes) * 50, np.linalg.norm(predicted - TRUTH, axis=2).mean(axis=1)
    )


def test_auc_is_the_integral_of_the_error_distribution():
    nme = RNG.gamma(3, 0.02, 400)
    limits = np.linspace(0, 0.08, 20001)
    curve = (nme[None] <= limits[:, None]).mean(axis=1)
    assert nmes.ced_auc(nme) == pytest.approx(integrate.trapezoid(curve, limits) / 0.08, abs=1e-4)
    assert nmes.failure_rate(np.array([0.1, 0.11, 0.05, 0.2])) == 0.5


def test_offsets_are_found_and_taken_off_whatever_the_size_of_the_face():
    offset = RNG.normal(0, 0.1, (5, 2))
    eyes = np.linalg.norm(TRUTH[:, 1] - TRUTH[:, 0], axis=1)[:, None, None]
    predicted = TRUTH + offset * eyes
    np.testing.assert_allclose(nmes.mean_offsets(predicted, TRUTH), offset)
    np.testing.assert_allclose(nmes.without_offsets(predicted, TRUTH, nmes.mean_offsets(predicted, TRUTH)), TRUTH)


def test_bootstrap_interval_is_that_of_the_mean_and_wider_for_groups():
    values = RNG.normal(5, 2, 900)
    low, high = nmes.bootstrap_mean(values, np.arange(900).astype(str), 4000, np.random.default_rng(1))
    half = 1.96 * values.std() / 30
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)
    people = np.repeat(np.arange(90), 10).astype(str)
    alike = np.repeat(RNG.normal(5, 2, 90), 10)
    low, high = nmes.bootstrap_mean(alike, people, 2000, np.random.default_rng(1))
    assert high - low > 2.5 * 2 * 1.96 * alike.std() / 30
