import cv2
import numpy as np
import pytest

from faceline.alignment.fit.alignment import fit_alignment, template_error
from faceline.alignment.fit.params import AlignParams
from faceline.alignment.geometry.template import TEMPLATE
from faceline.points.points import FLIPPED
from faceline.windows.windows import compose, invert, sample, transform

PARAMS = AlignParams(size_px=112, min_eye_distance_px=8, max_template_error=0.25, jpeg_quality=95)


def turned(points, degrees, scale=1.0, shift=(0.0, 0.0)):
    radians = np.deg2rad(degrees)
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    return (points - 56) @ turn.T * scale + 56 + shift


def test_a_moved_template_comes_back_to_it():
    points = np.stack([turned(TEMPLATE, angle, 1.7, (40, -5)) for angle in (-80, -20, 0, 33, 80)])
    fit = fit_alignment(points, PARAMS)
    assert fit.reason.tolist() == [""] * 5
    np.testing.assert_allclose(transform(fit.to_photo, np.stack([TEMPLATE] * 5)), points, atol=1e-9)
    assert fit.template_error.max() < 1e-12


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (turned(TEMPLATE, 170), "upside_down"),
        (turned(TEMPLATE, 0, 0.2), "eyes_too_close"),
        (np.full((5, 2), np.nan), "landmarks_not_finite"),
        (np.where([[0], [0], [1], [0], [0]], TEMPLATE + 90, TEMPLATE), "poor_fit"),
        (TEMPLATE[[3, 4, 2, 0, 1]], "upside_down"),
    ],
)
def test_what_is_no_upright_face_is_rejected(points, reason):
    fit = fit_alignment(np.stack([TEMPLATE, points]), PARAMS)
    assert fit.reason.tolist() == ["", reason]
    assert np.isnan(fit.to_photo[1]).all()
    assert np.isfinite(fit.to_photo[0]).all()


def test_template_error_is_in_eye_distances():
    eye_distance = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0])))
    moved = TEMPLATE[None] + (0.5 * eye_distance, 0)
    assert template_error(moved, 112)[0] == pytest.approx(0.5)


def test_mirroring_swaps_sides():
    mirrored = (np.array([111, 0]) - TEMPLATE * (1, -1))[list(FLIPPED)]
    assert mirrored[0, 0] < mirrored[1, 0]
    assert mirrored[3, 0] < mirrored[4, 0]
    assert fit_alignment(mirrored[None], PARAMS).reason[0] == ""


def test_sampling_lands_on_the_right_pixels():
    photo = np.zeros((300, 400, 3), np.uint8)
    points = turned(TEMPLATE, 15, 1.9, (120, 90))
    for x, y in points:
        cv2.circle(photo, (round(x * 16), round(y * 16)), 5 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)
    to_photo = fit_alignment(points[None], PARAMS).to_photo[0]
    tile = sample(photo, to_photo, 112)[..., 0].astype(float)
    for x, y in TEMPLATE:
        part = np.s_[round(y) - 5 : round(y) + 6, round(x) - 5 : round(x) + 6]
        ys, xs = np.mgrid[part]
        centre = np.array([(xs * tile[part]).sum(), (ys * tile[part]).sum()]) / tile[part].sum()
        np.testing.assert_allclose(centre, (x, y), atol=0.15)


def test_inverse_maps_invert():
    fit = fit_alignment(turned(TEMPLATE, 10, 2.0)[None], PARAMS)
    np.testing.assert_allclose(invert(invert(fit.to_photo)), fit.to_photo)


def test_invert_and_compose_undo_each_other():
    maps = np.random.default_rng(3).normal(size=(6, 2, 3))
    points = np.random.default_rng(4).normal(size=(6, 5, 2))
    np.testing.assert_allclose(transform(compose(invert(maps), maps), points), points, atol=1e-7)
    np.testing.assert_allclose(transform(invert(maps), transform(maps, points)), points, atol=1e-7)
