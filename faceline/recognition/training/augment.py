"""Augmentation of whole batches on the device: what happens to each photo is drawn first, then done at once.

Moves, turns, scales, mirrors and crops are one affine map and one sampling. Brightness, contrast, saturation,
hue and grey are linear in RGB, hence one 3 x 4 matrix a photo, which also brings it to what the net is fed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from faceline.recognition.net.embedding_net import MEAN, STD
from faceline.recognition.training.params import RecognitionAugmentation
from faceline.training.transfer import to_device

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_RGB_TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
_LOW_RESOLUTION = 3  # factor in side
_BLUR_SIGMA_PX = (0.5, 1.5)
_BLUR_RADIUS_PX = 3


class Augmentation(NamedTuple):
    """What happens to each of n photos, on the host.

    Attributes:
        affine: (n, 2, 3) maps from output to input, both in -1..1 over the photo's edges.
        colour: (n, 3, 3) matrices on RGB.
        contrast: (n,) factors on the distance from the photo's mean luma (already in `colour`).
        brightness: (n,) grey levels added.
        blur_px: (n,) sigma; 0 where there is none.
        low_resolution: (n,) bool.
        erased: (n, 4) left, top, right, bottom in 0..1; all 0 where there is none.
    """

    affine: Tensor
    colour: Tensor
    contrast: Tensor
    brightness: Tensor
    blur_px: Tensor
    low_resolution: Tensor
    erased: Tensor

    def part(self, photos: slice) -> Augmentation:
        """What happens to some of the photos, say to one process's share of a batch."""
        return Augmentation(*(field[photos] for field in self))

    def on(self, device: torch.device, size: Sequence[int]) -> AugmentationOnDevice:
        """The same on a device, without waiting for it.

        Args:
            size: height and width of the photos, px.
        """
        coarse = torch.nonzero(self.low_resolution)[:, 0]
        blurred = torch.nonzero(self.blur_px)[:, 0]
        sides = np.array([size[1], size[0]] * 2)
        rectangles = np.rint(self.erased.double().numpy() * sides).astype(int)
        some = np.flatnonzero(self.erased.numpy().any(axis=1))
        return AugmentationOnDevice(
            affine=to_device(self.affine, device),
            colour=to_device(self.colour, device),
            contrast=to_device(self.contrast, device),
            brightness=to_device(self.brightness, device),
            coarse=to_device(coarse, device),
            blurred=to_device(blurred, device),
            blur_px=to_device(self.blur_px[blurred], device),
            erased=list(zip(some.tolist(), *rectangles[some].T.tolist(), strict=True)),
        )


class AugmentationOnDevice(NamedTuple):
    """What happens to each of n photos, where the photos are; which few are degraded is known to the host.

    Attributes:
        affine, colour, contrast, brightness: see `Augmentation`.
        coarse: positions of the photos that go down to a low resolution and back.
        blurred: positions of those that are blurred.
        blur_px: their sigmas.
        erased: photo, left, top, right, bottom in px of each rectangle.
    """

    affine: Tensor
    colour: Tensor
    contrast: Tensor
    brightness: Tensor
    coarse: Tensor
    blurred: Tensor
    blur_px: Tensor
    erased: list[tuple[int, int, int, int, int]]


def draw(params: RecognitionAugmentation, count: int, generator: Generator) -> Augmentation:
    """Draws what happens to `count` photos; always takes the same number of random numbers for a photo."""
    turn, zoom, right, down, light, contrast, saturation, hue = torch.rand(8, count, generator=generator) * 2 - 1
    flip, grey, blur, low_resolution, erase = torch.rand(5, count, generator=generator)
    sigma = torch.rand(count, generator=generator)
    contrast = 1 + params.contrast * contrast
    low, high = _BLUR_SIGMA_PX
    affine = _affine(
        turn=torch.deg2rad(params.rotation_deg * turn),
        zoom=1 + params.scale * zoom,
        mirror=1 - 2 * (flip < params.flip).float(),
        shift=2 * params.shift * torch.stack([right, down], 1),
    )
    crop = _crops(params.crop_scale_min, torch.rand(4, count, generator=generator))
    return Augmentation(
        affine=_after(affine, crop),
        colour=_colours(
            contrast, 1 + params.saturation * saturation, 2 * math.pi * params.hue * hue, grey < params.grey
        ),
        contrast=contrast,
        brightness=255 * params.brightness * light,
        blur_px=(low + (high - low) * sigma) * (blur < params.blur),
        low_resolution=low_resolution < params.low_resolution,
        erased=_rectangles(torch.rand(4, count, generator=generator)) * (erase < params.erase)[:, None],
    )


def augment(images: Tensor, drawn: AugmentationOnDevice) -> Tensor:
    """Does to photos what was drawn for them, and normalises; both are on one device.

    Args:
        images: (n, 3, px, px) uint8 RGB.

    Returns:
        (n, 3, px, px) float32 in -1..1, as the net is fed; black beyond the photo's edge.
    """
    count, _, height, width = images.shape
    pixels = images.float()
    # every fourth pixel of every fourth row says the mean well enough
    mean_luma = pixels[:, :, ::4, ::4].mean(dim=(2, 3)) @ _luma(images.device)
    grid = F.affine_grid(drawn.affine, [count, 3, height, width], align_corners=False)
    pixels = F.grid_sample(pixels, grid, align_corners=False)
    offset = (1 - drawn.contrast) * mean_luma + drawn.brightness
    offset = ((offset - MEAN) / STD)[:, None, None].expand(-1, 3, 1)
    pixels = torch.baddbmm(offset, drawn.colour / STD, pixels.flatten(2)).view_as(pixels)
    pixels = pixels.clamp_(-MEAN / STD, (255 - MEAN) / STD)
    _degrade(pixels, drawn)
    return pixels


@cache
def _luma(device: torch.device) -> Tensor:
    """Kept on the device: each copy to it would be waited for."""
    return torch.tensor(_LUMA, device=device)


def _affine(turn: Tensor, zoom: Tensor, mirror: Tensor, shift: Tensor) -> Tensor:
    cos, sin = torch.cos(turn) * zoom, torch.sin(turn) * zoom
    rows = [torch.stack([mirror * cos, -sin, shift[:, 0]], 1), torch.stack([mirror * sin, cos, shift[:, 1]], 1)]
    return torch.stack(rows, 1)


def _crops(scale_min: float, uniform: Tensor) -> Tensor:
    """Random resized crops as (n, 2, 3) maps onto the part that is kept: area scale_min..1, sides up to 4:3."""
    count = uniform.shape[1]
    if scale_min == 1:
        return torch.eye(2, 3).repeat(count, 1, 1)
    sides = _sides(scale_min, 1, 4 / 3, uniform).clamp(max=1)
    middle = (1 - sides) * (2 * uniform[2:].T - 1)
    return torch.cat([torch.diag_embed(sides), middle[:, :, None]], 2)


def _after(outer: Tensor, inner: Tensor) -> Tensor:
    """The (n, 2, 3) maps that apply `inner`, then `outer`."""
    linear = outer[:, :, :2]
    return torch.cat([linear @ inner[:, :, :2], linear @ inner[:, :, 2:] + outer[:, :, 2:]], 2)


def _colours(contrast: Tensor, saturation: Tensor, hue_rad: Tensor, grey: Tensor) -> Tensor:
    """(n, 3, 3): hue turned about the grey axis in YIQ, saturation and contrast scaled."""
    saturation = torch.where(grey, 0.0, saturation)
    cos, sin = saturation * torch.cos(hue_rad), saturation * torch.sin(hue_rad)
    one, zero = torch.ones_like(cos), torch.zeros_like(cos)
    in_yiq = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], 1).view(-1, 3, 3)
    to_yiq = torch.tensor(_RGB_TO_YIQ)
    return contrast[:, None, None] * (torch.linalg.inv(to_yiq) @ in_yiq @ to_yiq)


def _sides(least: float, most: float, widest: float, uniform: Tensor) -> Tensor:
    """(n, 2) sides of rectangles, their areas in least..most, the ratio of their sides up to `widest` either way."""
    area = least + (most - least) * uniform[0]
    aspect = torch.exp(math.log(widest) * (2 * uniform[1] - 1))
    return torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], 1)


def _rectangles(uniform: Tensor) -> Tensor:
    """(n, 4) rectangles to erase, of 2 to 20% of the photo's area."""
    sides = _sides(0.02, 0.2, 2.0, uniform)
    corner = uniform[2:].T * (1 - sides)
    return torch.cat([corner, corner + sides], 1)


def _degrade(pixels: Tensor, drawn: AugmentationOnDevice) -> None:
    """Blur, low resolution and erased rectangles, in place, on the few photos that they befall."""
    height, width = pixels.shape[2:]
    if len(drawn.coarse):
        size = (max(1, height // _LOW_RESOLUTION), max(1, width // _LOW_RESOLUTION))
        small = F.interpolate(pixels[drawn.coarse], size, mode="area")
        pixels[drawn.coarse] = F.interpolate(small, (height, width), mode="bilinear", align_corners=False)
    if len(drawn.blurred):
        pixels[drawn.blurred] = _blur(pixels[drawn.blurred], drawn.blur_px)
    for photo, left, top, right, bottom in drawn.erased:
        pixels[photo, :, top:bottom, left:right] = 0  # mid-grey


def _blur(pixels: Tensor, sigma_px: Tensor) -> Tensor:
    """Gaussian blur with a sigma for each photo: rows, then columns."""
    count, channels, height, width = pixels.shape
    steps = torch.arange(-_BLUR_RADIUS_PX, _BLUR_RADIUS_PX + 1, device=pixels.device)
    kernel = torch.exp(-0.5 * (steps / sigma_px[:, None]) ** 2)
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, 0)
    planes = pixels.reshape(1, count * channels, height, width)
    padded = F.pad(planes, [_BLUR_RADIUS_PX] * 4, mode="replicate")
    rows = F.conv2d(padded, kernel[:, None, None, :], groups=count * channels)
    return F.conv2d(rows, kernel[:, None, :, None], groups=count * channels).view_as(pixels)
