import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from faceline.landmarks.net.codec import STRIDE, Codec


def random_points(count, low, high, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(low, high, (count, 5, 2)))


@settings(max_examples=60, deadline=None)
@given(x=st.floats(-0.49, 127.49), y=st.floats(-0.49, 127.49), sigma=st.sampled_from([0.8, 1.0, 1.5, 2.0, 3.0]))
def test_round_trip_is_exact_anywhere_in_the_input(x, y, sigma):
    codec = Codec(128, sigma)
    points = torch.tensor([[[x, y]]], dtype=torch.float64)
    back, scores = codec.decode(codec.encode(points)[0])
    assert torch.linalg.norm(back - points) < 0.05
    assert 0.6 < scores.item() <= 1


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0])
def test_noise_moves_points_by_less_than_half_a_pixel(sigma):
    codec = Codec(128, sigma)
    points = random_points(500, 8, 119)
    heatmaps, _ = codec.encode(points)
    noise = 0.02 * torch.randn(heatmaps.shape, generator=torch.Generator().manual_seed(1))
    errors = torch.linalg.norm(codec.decode(heatmaps + noise)[0] - points, dim=-1)
    assert errors.mean() < 0.15
    assert errors.quantile(0.99) < 0.5
    if sigma >= 1.5:
        assert errors.max() < 0.5


def test_a_heatmap_pixel_is_where_the_convention_says():
    """The pixel (3, 7) covers input px 12..15 and 28..31 (edges 11.5..15.5, 27.5..31.5): its middle is 13.5, 29.5."""
    codec = Codec(64, 1.0)
    heatmaps, _ = codec.encode(torch.tensor([[[13.5, 29.5]]]))
    assert np.unravel_index(heatmaps[0, 0].argmax(), (16, 16)) == (7, 3)
    assert heatmaps[0, 0, 7, 3] == 1


def test_targets_are_the_gaussian_written_out_by_loops():
    codec = Codec(64, 1.3)
    point = (20.7, 41.2)
    heatmaps, _ = codec.encode(torch.tensor([[point]]))
    for row in range(16):
        for column in range(16):
            x, y = (column + 0.5) * STRIDE - 0.5, (row + 0.5) * STRIDE - 0.5
            distance = np.hypot(x - point[0], y - point[1]) / STRIDE
            assert heatmaps[0, 0, row, column].item() == pytest.approx(
                np.exp(-(distance**2) / (2 * 1.3**2)), abs=1e-5
            )


def test_decoding_agrees_with_a_gaussian_fitted_by_scipy():
    codec = Codec(64, 1.5)
    points = random_points(10, 12, 50, seed=2)[:, :1]
    noise = 0.03 * torch.randn((10, 1, 16, 16), generator=torch.Generator().manual_seed(2))
    heatmaps = codec.encode(points)[0] + noise
    back, _ = codec.decode(heatmaps)
    ys, xs = np.mgrid[:16, :16]
    for heatmap, found in zip(heatmaps[:, 0].numpy(), back[:, 0].numpy(), strict=True):

        def residual(fit, heatmap=heatmap):
            return (fit[2] * np.exp(-((xs - fit[0]) ** 2 + (ys - fit[1]) ** 2) / (2 * fit[3] ** 2)) - heatmap).ravel()

        row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
        fit = least_squares(residual, [column, row, 1, 1.5]).x
        assert np.linalg.norm((fit[:2] + 0.5) * STRIDE - 0.5 - found) < 0.35


def test_points_outside_the_input_weigh_nothing():
    codec = Codec(64, 1.5)
    _, weights = codec.encode(torch.tensor([[[-0.6, 5.0], [63.4, 5.0], [5.0, 63.6], [5.0, -0.4], [200.0, 200.0]]]))
    assert weights.tolist() == [[0, 1, 0, 1, 0]]


@pytest.mark.parametrize("value", [0.0, 0.3, -1.0])
def test_flat_heatmaps_decode_to_something_finite_inside(value):
    points, scores = Codec(64, 1.5).decode(torch.full((1, 5, 16, 16), value))
    assert torch.isfinite(points).all()
    assert ((points >= -0.5) & (points <= 63.5)).all()
    torch.testing.assert_close(scores, torch.full((1, 5), max(value, 0.0)))


def test_a_wider_blob_than_trained_for_is_found_too():
    wide, codec = Codec(128, 2.4), Codec(128, 1.5)
    points = random_points(100, 10, 117)
    back, _ = codec.decode(0.5 * wide.encode(points)[0])
    assert torch.linalg.norm(back - points, dim=-1).max() < 0.5
