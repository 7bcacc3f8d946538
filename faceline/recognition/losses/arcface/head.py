"""ArcFace: an additive angular margin."""

from faceline.recognition.heads.cosine import AngularMarginHead


class ArcFace(AngularMarginHead):
    """cos(theta + m) (Deng et al., CVPR 2019, equation 3)."""


HEAD = ArcFace
