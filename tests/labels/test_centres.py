"""Centres against a minimiser of SciPy's, and what strangers do to them."""

import numpy as np
import pytest
from scipy.optimize import minimize

from faceline.labels.centres import centre, similarities_to_others


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture
def photos():
    generator = np.random.default_rng(3)
    return unit(np.array([3.0, 0, 0, 0, 0]) + generator.standard_normal((9, 5)))


def test_the_centre_has_the_smallest_sum_of_distances(photos):
    def cost(point):
        return np.linalg.norm(photos - unit(point), axis=1).sum()

    best = min(
        (minimize(cost, start, method="Nelder-Mead", options={"maxiter": 4000}) for start in photos[:3]),
        key=lambda one: one.fun,
    )
    found = centre(photos)
    assert np.linalg.norm(found) == pytest.approx(1)
    assert cost(found) == pytest.approx(best.fun, abs=1e-5)
    assert found @ unit(best.x) > 0.999


def test_each_photo_is_compared_with_the_others_alone(photos):
    expected = [vector @ centre(np.delete(photos, place, axis=0)) for place, vector in enumerate(photos)]
    assert similarities_to_others(photos) == pytest.approx(expected, abs=1e-5)


def test_strangers_pull_less_than_they_pull_a_mean(photos):
    true = centre(photos)
    stranger = unit(np.array([[-1.0, 2, 0, 0, 0], [-1, 2, 0.1, 0, 0]]))
    mixed = np.concatenate([photos, stranger])
    assert centre(mixed) @ true > unit(mixed.sum(axis=0)) @ true


def test_two_photos_are_compared_with_each_other():
    pair = unit(np.array([[1.0, 0.2, 0], [1, 0, 0.5]]))
    assert similarities_to_others(pair) == pytest.approx([pair[0] @ pair[1]] * 2)
