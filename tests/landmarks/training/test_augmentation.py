import numpy as np
import pytest
from tiny_landmarks import COLOURS, FACE, NO_AUGMENTATION, draw

from faceline.boxes.boxes import box_around
from faceline.landmarks.training.augmentation import augmented, jitter_map
from faceline.points.points import FLIPPED
from faceline.windows.windows import invert, net_view, transform

SIZE = 240
POINTS = FACE * 26 + (118.3, 121.8)
BOX = box_around(POINTS)


def augment(seed, **changes):
    image = draw(POINTS, SIZE, np.random.default_rng(0), 5)
    view = net_view(BOX, -0.05, 128)
    box_px = BOX[2:].max() / view[0, 0]
    augmentation = NO_AUGMENTATION.model_copy(update=changes)
    return augmented(np.random.default_rng(seed), image, POINTS, view, augmentation, 128, box_px)


def found(pixels, colour):
    """Where a colour lies, by the centre of mass of likeness to it."""
    away = np.abs(pixels.astype(float) - np.array(colour)).sum(axis=2)
    weight = np.clip(200 - away, 0, None)
    ys, xs = np.mgrid[: len(pixels), : len(pixels)]
    return np.array([(xs * weight).sum(), (ys * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_points_move_with_what_they_mark(seed, flip):
    pixels, points = augment(seed, flip=flip, rotation_deg=25.0, scale=0.2, shift=0.08)
    colours = [COLOURS[place] for place in FLIPPED] if flip else COLOURS
    for colour, point in zip(colours, points, strict=True):
        assert np.linalg.norm(found(pixels, colour) - point) < 0.5


def test_a_flip_is_the_mirror_image_with_points_swapped():
    plain, points = augment(1)
    mirrored, swapped = augment(1, flip=1.0)
    np.testing.assert_allclose(mirrored[:, ::-1].astype(int), plain, atol=2)
    np.testing.assert_allclose(
        swapped[list(FLIPPED)], np.column_stack([127 - points[:, 0], points[:, 1]]).reshape(5, 2)
    )
    assert swapped[0, 0] < swapped[1, 0]  # left is still left


def test_nothing_asked_for_changes_nothing():
    jitter, flip = jitter_map(np.random.default_rng(0), NO_AUGMENTATION, 128, 140.0)
    np.testing.assert_allclose(jitter, [[1, 0, 0], [0, 1, 0]], atol=1e-12)
    assert not flip
    _, points = augment(5)
    np.testing.assert_allclose(points, transform(invert(net_view(BOX, -0.05, 128)), POINTS), atol=1e-9)


def test_ranges_are_those_of_the_parameters():
    asked = NO_AUGMENTATION.model_copy(update={"rotation_deg": 20.0, "scale": 0.15, "shift": 0.08})
    maps = np.array([jitter_map(np.random.default_rng(seed), asked, 128, 100.0)[0] for seed in range(2000)])
    scale = np.hypot(maps[:, 0, 0], maps[:, 1, 0])
    angle = np.rad2deg(np.arctan2(maps[:, 1, 0], maps[:, 0, 0]))
    middle = transform(maps, np.full((2000, 1, 2), 63.5))[:, 0] - 63.5
    for values, limit in ((scale - 1, 0.15), (angle, 20), (middle[:, 0], 8), (middle[:, 1], 8)):
        assert abs(values).max() <= limit
        assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.06)  # of a uniform distribution


@pytest.mark.parametrize(
    "change", [{"brightness": 0.3}, {"contrast": 0.5}, {"colour": 0.4}, {"blur": 1.0}, {"occlusion": 1.0}]
)
def test_colours_blur_and_occlusion_leave_the_points_alone(change):
    plain, points = augment(2)
    pixels, same = augment(2, **change)
    np.testing.assert_array_equal(points, same)
    assert (pixels != plain).any()
    assert pixels.dtype == np.uint8


def test_the_same_generator_gives_the_same_view():
    change = {"flip": 0.5, "rotation_deg": 20.0, "occlusion": 0.5, "blur": 0.5, "colour": 0.2}
    one, other, third = (augment(seed, **change) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one[0], other[0])
    assert (one[0] != third[0]).any()
