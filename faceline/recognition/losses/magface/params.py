"""MagFace's parameters."""

from typing import Self

from pydantic import model_validator

from faceline.core.params import Above0, Group, NonNegative
from faceline.recognition.heads.params import MarginRad


class Params(Group):
    scale: Above0
    norm_low: Above0
    norm_high: Above0
    margin_low: MarginRad
    margin_high: MarginRad
    regulariser_weight: NonNegative

    @model_validator(mode="after")
    def _ranges_rise(self) -> Self:
        if self.norm_low >= self.norm_high or self.margin_low > self.margin_high:
            raise ValueError("norm_low must lie below norm_high, and margin_low not above margin_high")
        return self
