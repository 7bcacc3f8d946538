import cv2
import numpy as np
import pytest
from tiny_landmarks import COLOURS, NO_AUGMENTATION, packed_set

from faceline.data.crops.params import CropParams
from faceline.imaging.images import decode_rgb
from faceline.landmarks.training import net_inputs as module
from faceline.landmarks.training.net_inputs import NetInputs
from faceline.windows.windows import compose, net_view, sample, transform, windows_of

CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)


@pytest.fixture
def crops(tmp_path):
    return packed_set(tmp_path / "set", 12, CROP)


def test_plain_inputs_are_the_boxes_of_the_stored_windows(crops, tmp_path):
    rows = np.array([1, 4, 7])
    faces = NetInputs(crops, rows, -0.05, 64, 1.0, tmp_path)
    encoded = list(crops.encoded(rows))
    windows = windows_of(crops.rows.iloc[rows])
    for place, pixels in enumerate(faces.plain(np.arange(3))):
        view = compose(windows[place].from_photo(), net_view(faces.boxes[place], -0.05, 64))
        direct = sample(decode_rgb(encoded[place]), view, 64)
        # kept at fewer pixels, so not quite equal in its noise
        difference = cv2.blur(direct, (5, 5)).astype(int) - cv2.blur(pixels, (5, 5))
        assert np.abs(difference[4:-4, 4:-4]).mean() < 2


def test_inputs_and_maps_and_points_belong_together(crops, tmp_path):
    """The reddest spot of an input, mapped to the photo, is the left eye."""
    faces = NetInputs(crops, np.arange(12), -0.05, 64, 1.0, tmp_path)
    rows = np.arange(12)
    for pixels, to_photo, points in zip(faces.plain(rows), faces.to_photo(rows), faces.points, strict=True):
        for colour, point in zip(COLOURS, points, strict=True):
            weight = np.clip(200 - np.abs(pixels.astype(float) - np.array(colour)).sum(axis=2), 0, None)
            ys, xs = np.mgrid[:64, :64]
            spot = np.array([[(xs * weight).sum(), (ys * weight).sum()]]) / weight.sum()
            assert np.linalg.norm(transform(to_photo, spot)[0] - point) < 0.6


def test_large_windows_are_kept_small_and_small_ones_as_they_are(tmp_path):
    crops = packed_set(tmp_path / "set", 10, CROP)
    near = NetInputs(crops, np.arange(10), -0.05, 64, 0.5, tmp_path)
    far = NetInputs(crops, np.arange(10), -0.05, 64, 1.0, tmp_path)
    for row in range(10):
        stored = int(crops.rows.stored_px[row])
        side = 0.9 * far.boxes[row, 2:].max()
        assert len(far.image(row)) == min(stored, round(crops.rows.window_side[row] * 64 / side))
        assert len(near.image(row)) == stored


def test_a_block_on_disk_gives_the_same_and_leaves_nothing(crops, tmp_path, monkeypatch):
    rows = np.arange(12)
    expected = NetInputs(crops, rows, -0.05, 64, 1.0, tmp_path).plain(rows)
    monkeypatch.setattr(module, "_IN_MEMORY_BYTES", 10)
    scratch = tmp_path / "scratch"
    np.testing.assert_array_equal(NetInputs(crops, rows, -0.05, 64, 1.0, scratch).plain(rows), expected)
    assert list(scratch.iterdir()) == []


def test_batches_depend_on_the_seeds_and_not_on_workers_or_order(crops, tmp_path):
    faces = NetInputs(crops, np.arange(12), -0.05, 64, 0.8, tmp_path)
    change = NO_AUGMENTATION.model_copy(update={"scale": 0.2, "flip": 0.5, "occlusion": 0.5})
    order = np.random.default_rng(0).permutation(12)
    made = {}
    for workers in (1, 4):
        parts = [order[:5], order[5:10], order[10:]]
        batches = list(faces.batches(parts, (1, 2), change, workers))
        np.testing.assert_array_equal(np.concatenate([rows for rows, _, _ in batches]), order)
        made[workers] = np.concatenate([pixels for _, pixels, _ in batches])
    np.testing.assert_array_equal(made[1], made[4])
    alone, _ = faces.augmented(order[7:8], (1, 2), change)
    np.testing.assert_array_equal(alone[0], made[1][7])
    other, _ = faces.augmented(order[7:8], (1, 3), change)
    assert (other != alone).any()
