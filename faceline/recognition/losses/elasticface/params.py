"""ElasticFace's parameters."""

from faceline.core.params import Above0, Group, NonNegative
from faceline.recognition.heads.params import MarginRad


class Params(Group):
    scale: Above0
    margin_rad: MarginRad
    margin_sigma: NonNegative
    plus: bool
