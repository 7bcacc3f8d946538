"""Parameters of the evaluations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from faceline.core.params import Attribute, Group, Positive, Seed


class EvaluationParams(Group):
    """What both evaluations share: the bootstrap, memory, and the groups with error rates of their own."""

    seed: Seed
    bootstrap_samples: Annotated[int, Field(ge=100)]
    block_mb: Positive
    group_attributes: list[Attribute]
