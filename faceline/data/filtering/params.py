"""Parameters of the filter: which photos are kept, and how many people each role needs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from faceline.core.params import Attribute, Group, NonNegative, Positive, Seed, Share

# the list of params/excluded that names no photo
NOTHING = "none"
_SPLITS = 3
ListName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]


class Role(Group):
    people: Positive | Literal["rest"]
    min_photos: Positive
    max_photos: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Role:
        if self.min_photos > self.max_photos:
            raise ValueError("min_photos is larger than max_photos")
        return self


class Roles(Group):
    train: Role
    dev: Role
    query: Role
    distractor: Role

    @model_validator(mode="after")
    def _trains(self) -> Roles:
        if self.train.min_photos < _SPLITS:
            raise ValueError(f"train.min_photos: {_SPLITS} at least: a person's photos train, validate and test")
        return self


class FilterParams(Group):
    key: ClassVar[str] = "filter"
    seed: Seed
    drop_blurry: bool
    min_box_px: Positive
    min_sharpness: NonNegative
    duplicate_hash_bits: Annotated[int, Field(ge=-1, le=12)]
    roles: Roles
    target_shares: dict[Attribute, Share]
    excluded: ListName = NOTHING
