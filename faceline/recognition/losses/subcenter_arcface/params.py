"""Sub-center ArcFace's parameters."""

from faceline.core.params import Above0, Group, Positive
from faceline.recognition.heads.params import MarginRad


class Params(Group):
    scale: Above0
    margin_rad: MarginRad
    centers: Positive
