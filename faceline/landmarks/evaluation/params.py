"""Parameters of the landmark evaluation."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from faceline.core.params import Attribute, Group, Seed


class LandmarkEvaluationParams(Group):
    """What the landmarks' evaluation takes of the group `evaluation`."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "evaluation"
    seed: Seed
    bootstrap_samples: Annotated[int, Field(ge=100)]
    group_attributes: list[Attribute]
