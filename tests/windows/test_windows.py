import cv2
import numpy as np
import pandas as pd
import pytest

from faceline.windows.windows import (
    WINDOW_COLUMNS,
    Window,
    compose,
    cut,
    net_view,
    outside_share,
    sample,
    transform,
    window_around,
    windows_of,
)


def dots(size, points, radius=4):
    """White discs at sub-pixel places on black."""
    image = np.zeros((*size, 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (round(x * 16), round(y * 16)), radius * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    return image


def centre_of(image):
    weights = image[..., 0].astype(float)
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(xs * weights).sum(), (ys * weights).sum()]) / weights.sum()


def test_window_is_square_and_centred_on_the_box():
    window = window_around(np.array([100, 50, 60, 80.0]), 0.3, 1000)
    assert (window.side, window.stored_px) == (128, 128)
    assert (window.x + window.side / 2, window.y + window.side / 2) == (130, 90)


@pytest.mark.parametrize("max_px", [1000, 100, 61])
def test_stored_pixels_map_back_to_the_photo(max_px):
    point = np.array([133.25, 84.5])
    photo = dots((200, 300), [point], radius=6)
    window = window_around(np.array([100, 50, 60, 80.0]), 0.3, max_px)
    stored = cut(photo, window)
    assert stored.shape == (window.stored_px, window.stored_px, 3)
    back = transform(window.to_photo(), centre_of(stored)[None])[0]
    np.testing.assert_allclose(back, point, atol=0.1)
    np.testing.assert_allclose(transform(window.from_photo(), back[None])[0], centre_of(stored), atol=1e-9)


def test_beyond_the_photo_is_black_and_the_inside_exact():
    photo = np.random.default_rng(1).integers(1, 255, (40, 50, 3), dtype=np.uint8)
    stored = cut(photo, Window(-10, -5, 30, 30))
    assert (stored[:5] == 0).all()
    assert (stored[:, :10] == 0).all()
    np.testing.assert_array_equal(stored[5:, 10:], photo[:25, :20])
    assert (cut(photo, Window(500, 500, 20, 20)) == 0).all()


def test_net_view_covers_the_box_with_its_margin():
    view = net_view(np.array([10, 20, 60, 80.0]), -0.05, 128)
    corners = transform(view, np.array([[-0.5, -0.5], [127.5, 127.5]]))
    np.testing.assert_allclose(corners[1] - corners[0], [72, 72])  # 0.9 of the longer side
    # a box is in pixel edges, its centre (40, 60) is at 39.5, 59.5 in pixel centres
    np.testing.assert_allclose(corners.mean(axis=0), [39.5, 59.5])


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.6, 3.7])
def test_sampling_at_any_scale_keeps_places(scale):
    point = np.array([151.0, 120.25])
    photo = dots((260, 300), [point], radius=round(4 * scale) + 3)
    to_photo = np.array([[scale, 0, point[0] - scale * 30.2], [0, scale, point[1] - scale * 33.4]])
    tile = sample(photo, to_photo, 64)
    np.testing.assert_allclose(centre_of(tile), [30.2, 33.4], atol=0.15)


def test_shrinking_does_not_alias():
    checker = np.indices((256, 256)).sum(axis=0) % 2 * 255
    photo = np.repeat(checker[..., None], 3, axis=2).astype(np.uint8)
    shrunk = sample(photo, np.array([[4.0, 0, 1.5], [0, 4.0, 1.5]]), 64)
    assert abs(shrunk[2:-2, 2:-2].astype(int) - 127).max() <= 2


def test_compose_applies_the_inner_map_first():
    shift, double = np.array([[1.0, 0, 5], [0, 1, 0]]), np.array([[2.0, 0, 0], [0, 2, 0]])
    np.testing.assert_allclose(transform(compose(double, shift), np.array([[1.0, 1.0]])), [[12, 2]])


def test_outside_share_equals_counting_pixels():
    rng = np.random.default_rng(5)
    for _ in range(20):
        angle, scale = rng.uniform(-1, 1), rng.uniform(0.5, 2)
        c, s = scale * np.cos(angle), scale * np.sin(angle)
        affine = np.array([[c, -s, rng.uniform(-60, 60)], [s, c, rng.uniform(-60, 60)]])
        white = np.full((90, 130, 3), 255, np.uint8)
        counted = (
            1 - cv2.warpAffine(white, affine, (112, 112), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP).mean() / 255
        )
        assert outside_share(affine, 112, 130, 90) == pytest.approx(counted, abs=0.02)


def test_windows_come_back_from_their_columns():
    table = pd.DataFrame([[3, -4, 50, 25], [0, 7, 9, 9]], columns=WINDOW_COLUMNS, dtype="int32").assign(other="x")
    assert windows_of(table) == [Window(3, -4, 50, 25), Window(0, 7, 9, 9)]
    assert windows_of(table[:0]) == []
