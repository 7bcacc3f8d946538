"""CosFace: an additive cosine margin."""

from torch import Tensor

from faceline.recognition.heads.cosine import CosineHead
from faceline.recognition.losses.cosface.params import Params


class CosFace(CosineHead):
    """cos(theta) - m (Wang et al., CVPR 2018, equation 4)."""

    params: Params

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        return cosine - self.margin_factor * self.params.margin_cos


HEAD = CosFace
