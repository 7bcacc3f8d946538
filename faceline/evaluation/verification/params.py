"""Parameters of both evaluations."""

from typing import Annotated, ClassVar

from pydantic import Field

from faceline.core.params import Attribute, Group, Positive, Seed


class EvaluationParams(Group):
    key: ClassVar[str] = "evaluation"
    seed: Seed
    bootstrap_samples: Annotated[int, Field(ge=100)]
    block_mb: Positive
    group_attributes: list[Attribute]
