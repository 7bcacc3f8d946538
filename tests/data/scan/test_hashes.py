import cv2
import numpy as np
import pytest

from faceline.core.columns import FACE_HASHES, PHOTO_HASHES
from faceline.data.scan.hashes import perceptual_hash, photo_hashes


def scene(seed, height=200, width=160):
    noise = np.random.default_rng(seed).integers(0, 255, (12, 12), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def bits_apart(a, b):
    return (perceptual_hash(a) ^ perceptual_hash(b)).bit_count()


POINTS = np.array([[60.0, 80], [100, 82], [80, 100], [64, 122], [96, 124]])


def apart(one, other, *names):
    return sum((one[name] ^ other[name]).bit_count() for name in names)


def test_hash_survives_what_copies_go_through_and_tells_others_apart():
    photo = scene(1)
    smaller = cv2.resize(photo, (110, 140), interpolation=cv2.INTER_AREA)
    brighter = np.clip(photo * 0.8 + 30, 0, 255).astype(np.uint8)
    compressed = cv2.imdecode(cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 0)
    assert max(bits_apart(photo, copy) for copy in (smaller, brighter, compressed)) <= 4
    assert min(bits_apart(photo, scene(seed)) for seed in range(2, 30)) > 8


def test_hashes_of_the_face_do_not_depend_on_the_crop():
    whole, cropped = photo_hashes(scene(1), POINTS), photo_hashes(scene(1)[30:180, 20:], POINTS - (20, 30))
    assert apart(whole, cropped, "hash") > 8
    assert apart(whole, cropped, "face_hash") <= 2
    others = [photo_hashes(scene(seed), POINTS) for seed in range(2, 20)]
    assert min(apart(whole, other, "face_hash", "head_hash") for other in others) > 16


def test_a_mirror_image_has_the_mirrored_hashes():
    plain = photo_hashes(scene(1), POINTS)
    turned = POINTS[[1, 0, 2, 4, 3]] * (-1, 1) + (159, 0)
    mirrored = photo_hashes(np.ascontiguousarray(scene(1)[:, ::-1]), turned)
    for name in ("hash", "face_hash", "head_hash"):
        assert (plain[name] ^ mirrored[f"{name}_mirrored"]).bit_count() <= 4
        assert (plain[name] ^ mirrored[name]).bit_count() > 8


@pytest.mark.parametrize("points", [None, np.full((5, 2), np.nan), np.full((5, 2), 7.0)])
def test_without_landmarks_there_are_none_of_the_face(points):
    found = photo_hashes(scene(1), points)
    assert list(found) == [*PHOTO_HASHES, *FACE_HASHES]
    assert {name for name, value in found.items() if value is None} == set(FACE_HASHES)
