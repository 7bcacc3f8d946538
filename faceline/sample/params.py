"""Parameters of the synthetic data set."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from faceline.core.params import Group, JpegQuality, Positive, Seed


class SampleRole(Group):
    people: Positive
    photos: Positive


class SampleRoles(Group):
    train: SampleRole
    dev: SampleRole
    query: SampleRole
    distractor: SampleRole


class SampleParams(Group):
    key: ClassVar[str] = "sample"
    seed: Seed
    roles: SampleRoles
    min_photo_px: Annotated[int, Field(ge=120)]
    max_photo_px: Annotated[int, Field(ge=120, le=2000)]
    jpeg_quality: JpegQuality

    @model_validator(mode="after")
    def _ordered(self) -> SampleParams:
        if self.min_photo_px > self.max_photo_px:
            raise ValueError("min_photo_px is larger than max_photo_px")
        return self
