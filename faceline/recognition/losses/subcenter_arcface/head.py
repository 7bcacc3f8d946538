"""Sub-center ArcFace: several centres per person, of which the nearest counts."""

from faceline.recognition.heads.cosine import AngularMarginHead
from faceline.recognition.losses.subcenter_arcface.params import Params


class SubCenterArcFace(AngularMarginHead):
    """ArcFace with the nearest of several centres (Deng et al., ECCV 2020, equation 2).

    Mislabelled and odd photos gather round a centre of their own instead of pulling at the person's.
    """

    def __init__(self, people: int, embedding_dim: int, params: Params) -> None:
        super().__init__(people, embedding_dim, params, params.centers)


HEAD = SubCenterArcFace
