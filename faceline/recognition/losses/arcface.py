"""ArcFace: an additive angular margin."""

from faceline.core.params import Above0, Group
from faceline.recognition.heads.cosine import AngularMarginHead, MarginRad


class Params(Group):
    scale: Above0
    margin_rad: MarginRad


class ArcFace(AngularMarginHead):
    """cos(theta + m) (Deng et al., CVPR 2019, equation 3)."""


HEAD = ArcFace
