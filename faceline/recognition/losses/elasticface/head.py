"""ElasticFace: an additive angular margin drawn anew for each photo at every step."""

from functools import partial

import torch
from torch import Tensor

from faceline.recognition.heads.cosine import AngularMarginHead, add_angle
from faceline.recognition.losses.elasticface.params import Params


class ElasticFace(AngularMarginHead):
    """cos(theta + m_i), m_i drawn from N(m, sigma) (Boutros et al., CVPRW 2022, ElasticFace-Arc).

    With `plus` the batch's margins are sorted so that the wider a photo's angle, the larger its margin
    (ElasticFace-Arc+); of several processes each sorts those of its own photos, where
    the head is not spread over them. In evaluation mode all are m.
    """

    params: Params

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        margin = torch.full_like(cosine, self.params.margin_rad)
        if self.training:
            noise = self.drawn(partial(torch.randn, dtype=cosine.dtype, device=cosine.device), len(cosine))
            margin += self.params.margin_sigma * noise
            if self.params.plus:
                rank_by_angle = cosine.detach().argsort(descending=True).argsort()
                margin = margin.sort().values[rank_by_angle]
        return add_angle(cosine, self.margin_factor * margin)


HEAD = ElasticFace
