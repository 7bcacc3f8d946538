"""Parameters of the triplet loss."""

from typing import Annotated, Literal

from pydantic import Field

from faceline.core.params import Group, NonNegative


class Params(Group):
    margin_cos: NonNegative
    mining: Literal["batch_hard", "semi_hard"]
    people_per_batch: Annotated[int, Field(ge=2)]
    photos_per_person: Annotated[int, Field(ge=2)]
