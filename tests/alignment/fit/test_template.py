import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from faceline.alignment.fit.params import AlignParams
from faceline.alignment.fit.template import TEMPLATE, fit_alignment, fit_similarity, template, template_error
from faceline.core.errors import FacelineError
from faceline.geometry.points import FLIPPED
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


def test_template_scales_by_pixel_edges():
    # doubling an image puts pixel 0's centre at 0.5: the same content must lie under the same point
    image = np.zeros((112, 112), np.float32)
    cv2.circle(image, (56, 72), 6, 1, -1)
    big = cv2.resize(image, (224, 224), interpolation=cv2.INTER_LINEAR)
    ys, xs = np.mgrid[:112, :112]
    small_centre = np.array([(xs * image).sum(), (ys * image).sum()]) / image.sum()
    ys, xs = np.mgrid[:224, :224]
    big_centre = np.array([(xs * big).sum(), (ys * big).sum()]) / big.sum()
    np.testing.assert_allclose((small_centre + 0.5) * 2 - 0.5, big_centre, atol=0.01)
    np.testing.assert_allclose(template(224), (TEMPLATE + 0.5) * 2 - 0.5)
    np.testing.assert_allclose(template(112), TEMPLATE)


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


def test_invert_and_compose_undo_each_other():
    maps = np.random.default_rng(3).normal(size=(6, 2, 3))
    points = np.random.default_rng(4).normal(size=(6, 5, 2))
    np.testing.assert_allclose(transform(compose(invert(maps), maps), points), points, atol=1e-7)
    np.testing.assert_allclose(transform(invert(maps), transform(maps, points)), points, atol=1e-7)
