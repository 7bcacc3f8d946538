"""Parameters of finding subjects in original photos."""

from typing import ClassVar

from pydantic import ConfigDict

from faceline.core.params import Share
from faceline.detection.params import DetectionParams


class WildParams(DetectionParams):
    model_config = ConfigDict(extra="forbid")
    key: ClassVar[str] = "wild"
    min_iou: Share
