"""SphereFace: a multiplicative angular margin."""

import math

import torch
from torch import Tensor

from faceline.recognition.heads.cosine import CosineHead, angle
from faceline.recognition.losses.sphereface.params import Params


class SphereFace(CosineHead):
    """cos(m theta) (Liu et al., CVPR 2017), with normalised embeddings.

    Where m theta passes pi the paper's psi goes on falling: (-1)^k cos(m theta) - 2k, k = floor(m theta / pi).
    It holds for real m as well; 1.35 is what ArcFace's authors found to train without annealing.
    """

    params: Params

    def with_margin(self, cosine: Tensor, embeddings: Tensor) -> Tensor:
        widened = (1 + self.margin_factor * (self.params.margin_factor - 1)) * angle(cosine)
        turns = torch.floor(widened.detach() / math.pi)
        return (1 - 2 * (turns % 2)) * torch.cos(widened) - 2 * turns


HEAD = SphereFace
