"""Augmentation: what is drawn is what happens."""

import colorsys

import cv2
import numpy as np
import pytest
import torch
from tiny_faces import sample_params

from faceline.recognition.training.augment import augment, draw
from faceline.recognition.training.params import RecognitionAugmentation

OFF = dict.fromkeys(sample_params()["recognition"]["augmentation"], 0.0) | {"crop_scale_min": 1.0}
PX = 48


def settings(**changes):
    return RecognitionAugmentation(**(OFF | changes))


def photos(count=6, px=PX):
    rng = np.random.default_rng(1)
    smooth = [cv2.resize(rng.integers(30, 220, (6, 6, 3), dtype=np.uint8), (px, px)) for _ in range(count)]
    return torch.from_numpy(np.stack(smooth)).permute(0, 3, 1, 2)


def happen(images, seed=1, **changes):
    drawn = draw(settings(**changes), len(images), torch.Generator().manual_seed(seed))
    return done(images, drawn), drawn


def done(images, drawn):
    return augment(images, drawn.on(images.device, images.shape[2:]))


def grey_levels(images):
    return images * 127.5 + 127.5


def test_nothing_asked_for_changes_nothing():
    out, _ = happen(photos())
    assert out.dtype == torch.float32
    assert torch.allclose(grey_levels(out), photos().float(), atol=0.05)


def test_flip_mirrors_exactly():
    out, _ = happen(photos(), flip=1.0)
    assert torch.allclose(grey_levels(out), photos().float().flip(3), atol=0.05)
    out, drawn = happen(photos(400, 8), flip=0.25)
    assert 0.18 < float((drawn.affine[:, 0, 0] < 0).float().mean()) < 0.32


@pytest.mark.parametrize("changes", [{"rotation_deg": 25.0}, {"scale": 0.3}, {"shift": 0.2}, {"crop_scale_min": 0.3}])
def test_moves_are_those_of_an_affine_warp(changes):
    images = photos()
    out, drawn = happen(images, **changes, flip=0.5)
    for index in range(len(images)):
        # -1..1 over the edges to pixel centres at integers, by OpenCV instead of grid_sample
        to_unit = np.array([[2 / PX, 0, 1 / PX - 1], [0, 2 / PX, 1 / PX - 1], [0, 0, 1]])
        affine = np.vstack([drawn.affine[index].numpy(), [0, 0, 1]])
        warp = (np.linalg.inv(to_unit) @ affine @ to_unit)[:2]
        image = images[index].permute(1, 2, 0).numpy().astype(np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        wanted = cv2.warpAffine(image, warp, (PX, PX), flags=flags)
        got = grey_levels(out[index]).permute(1, 2, 0).numpy()
        assert np.abs(got - wanted)[2:-2, 2:-2].mean() < 1.0


def test_a_turn_keeps_shape_and_stays_in_range():
    drawn = draw(settings(rotation_deg=10.0, scale=0.1), 500, torch.Generator().manual_seed(1))
    linear = drawn.affine[:, :, :2]
    zoom = torch.linalg.det(linear).sqrt()
    assert torch.allclose(linear @ linear.mT, zoom[:, None, None] ** 2 * torch.eye(2), atol=1e-5)
    turn = torch.rad2deg(torch.atan2(linear[:, 1, 0], linear[:, 0, 0]))
    assert 9.5 < turn.abs().max() <= 10.0
    assert 0.9 <= zoom.min() < 0.905
    assert 1.095 < zoom.max() <= 1.1


def test_crops_keep_the_share_asked_for_and_lie_inside():
    drawn = draw(settings(crop_scale_min=0.4), 500, torch.Generator().manual_seed(1))
    sides = torch.stack([drawn.affine[:, 0, 0], drawn.affine[:, 1, 1]], 1)
    assert (sides.prod(1) > 0.4 * 0.85).all()
    assert (sides <= 1).all()
    assert (sides + drawn.affine[:, :, 2].abs() <= 1 + 1e-6).all()
    assert sides.prod(1).min() < 0.5


def test_brightness_and_contrast():
    images = photos()
    out, drawn = happen(images, brightness=0.1, contrast=0.2)
    for index, image in enumerate(images.float()):
        luma = (image * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)
        factor = drawn.contrast[index]
        wanted = (image - luma.mean()) * factor + luma.mean() + drawn.brightness[index]
        assert (grey_levels(out[index]) - wanted.clamp(0, 255)).abs().max() < 3
    assert 0.8 <= drawn.contrast.min() < drawn.contrast.max() <= 1.2
    assert drawn.brightness.abs().max() <= 25.5


def test_grey_photos_are_grey_and_keep_their_luma():
    images = photos()
    out, _ = happen(images, grey=1.0, saturation=0.5, hue=0.2)
    assert (out[:, 0] - out[:, 1]).abs().max() < 1e-3
    luma = (images.float() * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    assert (grey_levels(out[:, 0]) - luma).abs().max() < 0.5


def test_saturation_scales_the_distance_from_grey():
    images = photos() // 3 + 80
    out, _ = happen(images, saturation=0.4)
    luma = (images.float() * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    got = grey_levels(out) - luma
    away = images.float() - luma
    factors = (got * away).sum((1, 2, 3)) / (away**2).sum((1, 2, 3))
    assert torch.allclose(got, factors[:, None, None, None] * away, atol=0.5)
    assert factors.std() > 0.05


def test_half_a_turn_of_hue_gives_the_opposite_colour():
    red = torch.tensor([150.0, 100.0, 100.0]).view(1, 3, 1, 1).expand(200, 3, 8, 8).to(torch.uint8)
    out, _ = happen(red, hue=0.5)
    hues = [colorsys.rgb_to_hsv(*(pixel / 255).tolist())[0] for pixel in grey_levels(out)[:, :, 4, 4]]
    assert np.histogram(hues, bins=6, range=(0, 1))[0].min() > 10


def test_low_resolution_blur_and_erasing():
    noise = torch.randint(0, 256, (4, 3, PX, PX), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    rough = happen(noise)[0]
    detail = rough.diff(dim=3).abs().mean()
    assert happen(noise, low_resolution=1.0)[0].diff(dim=3).abs().mean() < 0.3 * detail
    assert happen(noise, blur=1.0)[0].diff(dim=3).abs().mean() < 0.6 * detail
    erased, drawn = happen(noise, erase=1.0)
    left, top, right, bottom = drawn.erased.T
    shares = (right - left) * (bottom - top)
    covered = (erased == 0).all(dim=1).float().mean(dim=(1, 2))
    assert torch.allclose(covered, shares, atol=0.05)
    assert (shares >= 0.02 - 1e-6).all()
    assert (shares <= 0.2 + 1e-6).all()
    untouched = (erased != 0).any(dim=1, keepdim=True).expand_as(rough)
    assert torch.equal(erased[untouched], rough[untouched])


def test_blur_is_a_gaussian():
    images = photos()
    out, drawn = happen(images, blur=1.0)
    for index, image in enumerate(images):
        rgb = image.permute(1, 2, 0).numpy().astype(np.float32)
        wanted = cv2.GaussianBlur(rgb, (7, 7), float(drawn.blur_px[index]), borderType=cv2.BORDER_REPLICATE)
        assert np.abs(grey_levels(out[index]).permute(1, 2, 0).numpy() - wanted).max() < 0.5


def test_draws_are_a_batchs_own_whoever_does_them():
    everything = RecognitionAugmentation(**sample_params()["recognition"]["augmentation"])
    drawn = draw(everything, 12, torch.Generator().manual_seed(5))
    again = draw(everything, 12, torch.Generator().manual_seed(5))
    images = photos(12)
    whole = done(images, drawn)
    assert torch.equal(whole, done(images, again))
    dealt = torch.empty_like(whole)
    for process in range(3):
        share = slice(process, None, 3)
        dealt[share] = done(images[share], drawn.part(share))
    assert torch.allclose(dealt, whole, atol=1e-5)
    other = done(images, draw(everything, 12, torch.Generator().manual_seed(6)))
    assert not torch.allclose(other, whole, atol=0.1)
    assert whole.min() >= -1
    assert whole.max() <= 1
