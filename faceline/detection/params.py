"""Parameters of the detector."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field

from faceline.core.params import Group, Share
from faceline.detection.detections import DetectorSettings
from faceline.detection.registry import check_detector


class DetectionParams(Group):
    """The detector's part of the group `wild`; the rest of the group is no concern of a detector."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "wild"
    detector: Annotated[str, AfterValidator(check_detector)]
    detector_model: str
    min_face_px: Annotated[int, Field(ge=20)]
    max_photo_px: Annotated[int, Field(ge=64)]
    min_score: Share

    def settings(self, device: str) -> DetectorSettings:
        return DetectorSettings(self.detector_model, self.min_face_px, self.max_photo_px, self.min_score, device)
