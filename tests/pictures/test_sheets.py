import cv2
import numpy as np
import pytest

from faceline.pictures.sheets import PREDICTION, TRUTH, sheet, with_points, write_png


def tile(value, height=8, width=10):
    return np.full((height, width, 3), value, np.uint8)


def test_tiles_stand_row_by_row_on_white():
    picture = sheet([tile(10), tile(20), tile(30)], columns=2)
    assert picture.shape == (2 * (8 + 2), 2 * (10 + 2), 3)
    np.testing.assert_array_equal(picture[:8, :10], tile(10))
    np.testing.assert_array_equal(picture[:8, 12:22], tile(20))
    np.testing.assert_array_equal(picture[10:18, :10], tile(30))
    rest = picture.astype(int)
    assert (rest == 255).all(axis=2).sum() == picture[..., 0].size - 3 * 80


def test_captions_stand_below_their_tiles_and_touch_none():
    plain = sheet([tile(200, 40, 60), tile(200, 40, 60)], 2)
    picture = sheet([tile(200, 40, 60), tile(200, 40, 60)], 2, ["", "0.123"])
    assert picture.shape[1] == plain.shape[1]
    for left in (0, 62):
        np.testing.assert_array_equal(picture[:40, left : left + 60], tile(200, 40, 60))
    below = picture[40:]
    assert below[:, :60].min() == 255
    assert below[:, 62:].min() < 60


def test_no_tiles_give_an_empty_sheet():
    assert (sheet([], 6) == 255).all()


def test_the_file_holds_the_pixels_and_the_same_bytes_every_time(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    write_png(tmp_path / "deep/one.png", picture)
    write_png(tmp_path / "two.png", picture)
    assert (tmp_path / "deep/one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    np.testing.assert_array_equal(cv2.cvtColor(cv2.imread(tmp_path / "two.png"), cv2.COLOR_BGR2RGB), picture)


@pytest.mark.parametrize("side", [64, 128, 32])
def test_a_mark_lies_round_its_point_at_every_size(side):
    image = tile(0, 64, 64)
    marked = with_points(image, [(np.array([[20.0, 40.5]]), TRUTH), (np.array([[50.0, 10.0]]), PREDICTION)], side)
    assert marked.shape == (side, side, 3)
    assert image.max() == 0  # the image itself is left alone
    for channel, (x, y) in ((1, (20.0, 40.5)), (0, (50.0, 10.0))):
        weight = marked[..., channel].astype(float) * (marked[..., 1 - channel] < marked[..., channel])
        ys, xs = np.mgrid[:side, :side]
        centre = np.array([(xs * weight).sum(), (ys * weight).sum()]) / weight.sum()
        np.testing.assert_allclose((centre + 0.5) * 64 / side - 0.5, (x, y), atol=0.6)
