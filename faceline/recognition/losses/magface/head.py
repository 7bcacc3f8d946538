"""MagFace: a margin that grows with the embedding's norm, and a regulariser that rewards large norms."""

import torch
from torch import Tensor

from faceline.recognition.heads.base import LossOutput, in_full_precision
from faceline.recognition.heads.cosine import CosineHead, add_angle
from faceline.recognition.losses.magface.params import Params


class MagFace(CosineHead):
    """cos(theta + m(a)) and, added to the loss, lambda g(a) (Meng et al., CVPR 2021, section 3).

    a is the embedding's norm, clamped to norm_low..norm_high; m(a) rises linearly there from margin_low to
    margin_high, and g(a) = a / norm_high^2 + 1 / a falls. Both pass gradients to the norm: clear photos end with
    large norms, poor ones with small. `margin_factor` scales m and lambda: 0 is plain normalised cross entropy.
    """

    params: Params

    def forward(self, embeddings: Tensor, labels: Tensor) -> LossOutput:
        output = super().forward(embeddings, labels)
        norm = self._clamped_norm(in_full_precision(embeddings))
        regulariser = (norm / self.params.norm_high**2 + 1 / norm).mean()
        return output._replace(loss=output.loss + self.margin_factor * self.params.regulariser_weight * regulariser)

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        p = self.params
        share = (self._clamped_norm(embeddings) - p.norm_low) / (p.norm_high - p.norm_low)
        return add_angle(cosine, self.margin_factor * (p.margin_low + share * (p.margin_high - p.margin_low)))

    def _clamped_norm(self, embeddings: Tensor) -> Tensor:
        return torch.linalg.vector_norm(embeddings, dim=1).clamp(self.params.norm_low, self.params.norm_high)


HEAD = MagFace
