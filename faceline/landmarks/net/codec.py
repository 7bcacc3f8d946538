"""Landmarks to heatmaps and back. Nothing else scales between the net's input px and heatmap px.

Pixel centres lie at integers on both grids and the edges of the grids coincide, so a heatmap pixel covers STRIDE
input pixels on a side and x_input = (x_heatmap + 0.5) * STRIDE - 0.5.
"""

from dataclasses import dataclass

import torch

STRIDE = 4

# how far, in heatmap px, the fitted peak may lie from the highest pixel before the fit is not believed
_MAX_OFFSET_PX = 1.5
_PRIOR_WEIGHT = 3.0  # on the paraboloid's curvature, against weights that are 1 at the peak


@dataclass(frozen=True)
class Codec:
    """Gaussian heatmaps of one size and spread.

    Attributes:
        input_px: side of the net's input; a heatmap's side is a quarter of it.
        sigma_px: spread of the Gaussians, in heatmap px.
    """

    input_px: int
    sigma_px: float

    @property
    def heatmap_px(self) -> int:
        return self.input_px // STRIDE

    def encode(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Draws Gaussians of peak 1 centred at the points themselves, not at the nearest pixel.

        Args:
            points: (n, k, 2) in input px.

        Returns:
            (n, k, h, h) heatmaps, and (n, k) weights: 1 where a point lies in the input, 0 elsewhere.
        """
        peaks = (points.float() + 0.5) / STRIDE - 0.5
        grid = torch.arange(self.heatmap_px, device=points.device, dtype=torch.float32)
        factors = torch.exp(-((grid - peaks[..., None]) ** 2) / (2 * self.sigma_px**2))
        heatmaps = factors[..., 1, :, None] * factors[..., 0, None, :]
        inside = ((points >= -0.5) & (points <= self.input_px - 0.5)).all(dim=-1)
        return heatmaps, inside.float()

    def decode(self, heatmaps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Finds each heatmap's peak at sub-pixel precision.

        The logarithm of a Gaussian is a paraboloid, so its maximum follows from a few pixels round the highest one
        (DARK, Zhang et al., CVPR 2020). Instead of derivatives of a blurred map, which are wrong at the map's border,
        the paraboloid log h = c + a x + b y - k (x^2 + y^2) is fitted to a small patch by least squares with weights
        h^2, the inverse variance of log h under additive noise (Guo, IEEE Signal Processing Magazine 28(5), 2011).

        Args:
            heatmaps: (n, k, h, h).

        Returns:
            (n, k, 2) float64 points in input px, and (n, k) scores: height of the highest pixel, clipped to 0..1.
        """
        count, kinds, side, _ = heatmaps.shape
        flat = heatmaps.detach().reshape(count * kinds, side * side).float()
        height, highest = flat.max(dim=1)
        top = torch.stack([highest % side, highest // side], dim=1)
        radius = min(max(1, round(1.5 * self.sigma_px)), (side - 1) // 2)
        centre = top.clamp(radius, side - 1 - radius)

        steps = torch.arange(-radius, radius + 1, device=flat.device)
        dy, dx = (grid.reshape(-1) for grid in torch.meshgrid(steps, steps, indexing="ij"))
        pixels = (centre[:, 1:] + dy) * side + centre[:, :1] + dx
        patch = flat.gather(1, pixels).double() / height.double().clamp(min=1e-12)[:, None]
        weight = patch.clamp(min=0) ** 2
        logs = patch.clamp(min=1e-6).log()

        x, y = dx.double(), dy.double()
        terms = torch.stack([torch.ones_like(x), x, y, -(x**2 + y**2)])
        products = (terms[:, None] * terms[None]).reshape(16, -1)
        normal = (weight @ products.T).reshape(-1, 4, 4)
        right = (weight * logs) @ terms.T
        # at a border the peak lies outside the patch's middle: there the spread known beforehand steadies the fit
        normal = normal + 1e-9 * torch.eye(4, dtype=normal.dtype, device=normal.device)
        normal[:, 3, 3] += _PRIOR_WEIGHT
        right[:, 3] += _PRIOR_WEIGHT / (2 * self.sigma_px**2)
        fit = torch.linalg.solve(normal, right)
        curvature = fit[:, 3:]
        peak = centre + fit[:, 1:3] / (2 * curvature)

        off = (peak - top).abs().amax(dim=1, keepdim=True)
        believed = (curvature > 0) & torch.isfinite(off) & (off <= _MAX_OFFSET_PX)
        peak = torch.where(believed, peak, top.double())
        points = (peak.clamp(-0.5, side - 0.5) + 0.5) * STRIDE - 0.5
        return points.reshape(count, kinds, 2), height.clamp(0, 1).reshape(count, kinds)
