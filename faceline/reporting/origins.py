"""Who made what the figures are measured against, and whom or what no training saw: each fact as one sentence.

What is known of the landmark set comes from its own metadata, by way of `reports/landmarks/summary.json`; who
annotated the chain's photos from `data.labels_by`, and which detector finds their faces from `wild.detector`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from faceline.reporting.inputs import Inputs

UNKNOWN = "unknown"
_LABELS = {
    "people": "The labels were set by people.",
    "dataset": "The labels were made by {labels_by}: this measures agreement with them.",
    "synthetic": "The faces are synthetic and their points exact.",
    UNKNOWN: "It is not known who set the labels.",
}
_BOXES = {
    "people": "The annotated boxes were drawn by people.",
    "dataset": "The annotated boxes were made by {labels_by}.",
    "points": "The set has no boxes: the annotated ones were drawn round its points, which makes an error from them "
    "too small. The error from the detector's boxes is the one to compare.",
    UNKNOWN: "It is not known who made the annotated boxes.",
}
_UNSEEN = {
    "people": "of people the hourglass never trained on",
    "photos": "from photos the hourglass never trained on (who is in them is not known: people may be in several)",
    UNKNOWN: "that the hourglass did not train on",
}
_FOUND = "Faces are found by {detector}, and whether they were found is judged by boxes that {labels_by} made."
_CIRCULAR = (
    " This is the same program: the recall says nothing about how many faces it finds, and figures from original "
    "photos little about what finding faces costs."
)


@dataclass(frozen=True)
class Origins:
    """Who made what.

    Attributes:
        set_name: what `landmarks.source` was.
        labels, boxes, apart: what is known of that set (`faceline.landmarks.sets.sources.LandmarkSource`).
        set_detector: ran on that set.
        detector: finds the faces of the chain's photos.
        labels_by: made the boxes and points of those.
    """

    set_name: str
    labels: str
    boxes: str
    apart: str
    set_detector: str
    detector: str
    labels_by: str

    @classmethod
    def of(cls, inputs: Inputs, params: Mapping[str, Mapping]) -> Origins:
        """From what the landmark evaluation noted, and the groups `data` and `wild`; `unknown` where nothing says."""
        known = inputs.landmark_set
        noted = [str(known.get(name, UNKNOWN)) for name in ("source", "labels", "boxes", "apart", "detector")]
        return cls(*noted, detector=params["wild"]["detector"], labels_by=params["data"]["labels_by"])

    @property
    def labels_note(self) -> str:
        """Who set the points of the landmark set."""
        return _LABELS[self.labels].format(labels_by=self.labels_by)

    @property
    def boxes_note(self) -> str:
        """Who made the boxes of the landmark set."""
        return _BOXES[self.boxes].format(labels_by=self.labels_by)

    @property
    def unseen(self) -> str:
        """What is known of the landmark set's test faces, to follow "faces"."""
        return _UNSEEN[self.apart]

    @property
    def hourglass_knows_roles(self) -> bool:
        """Whether the hourglass trains on train people only, so that nobody who is measured taught it."""
        return self.set_name == "selected"

    @property
    def circular(self) -> bool:
        """Whether the detector is measured against boxes that it made itself."""
        return self.detector.casefold() in re.findall(r"\w+", self.labels_by.casefold())

    @property
    def recall_note(self) -> str:
        """Which detector finds the faces of the chain's photos, and what its recall is measured against."""
        return _FOUND.format(detector=self.detector, labels_by=self.labels_by) + (_CIRCULAR if self.circular else "")
