"""Where the photos come from, who made what the figures are measured against, whom or what no training saw.

Each fact is one sentence. What is known of the landmark set comes from its own metadata, by way of
`reports/landmarks/summary.json`; what the chain's photos are, what may be done with them and who annotated them from
`data.source`, `data.licence`, `data.labels_by` and whether `data.boxes` is the file of the points, and which detector
finds their faces from `wild.detector`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from faceline.reporting.inputs import Inputs

UNKNOWN = "unknown"
SYNTHETIC = "synthetic"
_NOT_STATED = "not stated"
_NOT_NAMED = "somebody not named"
_DRAWN = "Synthetic faces, made by the project itself; no person is shown, no licence is needed."
_PHOTOS = "Source of the photos: {source}. Licence: {licence}. Its limits hold for models trained on them as well."
_OTHER_SET = " The hourglass learned from another set, {set_name}, which has terms of its own."
_LABELS = {
    "people": "The labels were set by people.",
    "dataset": "The labels were made by {labels_by}: this measures agreement with them.",
    "synthetic": "The faces are synthetic and their points those they were drawn with, to a hundredth of a pixel.",
    UNKNOWN: "It is not known who set the labels.",
}
_BOXES = {
    "people": "The annotated boxes were drawn by people.",
    "dataset": "The annotated boxes were made by {labels_by}.",
    "points": "The set has no boxes: the annotated ones were drawn round its points, which makes an error from them "
    "too small. The error from the detector's boxes is the one to compare.",
    "drawn": "The data set has no boxes: the annotated ones were drawn round its points, which makes an error from "
    "them too small.",
    UNKNOWN: "It is not known who made the annotated boxes.",
}
_UNSEEN = {
    "people": "of people the hourglass never trained on",
    "photos": "from photos the hourglass never trained on (who is in them is not known: people may be in several)",
    UNKNOWN: "that the hourglass did not train on",
}
_MADE = "Boxes and points were made by {labels_by}."
_MADE_POINTS = "Points were made by {labels_by}; the boxes were drawn round them."
_FOUND = "Faces are found by {detector}, and whether they were found is judged by boxes that {labels_by} made."
_FOUND_BY_POINTS = (
    "Faces are found by {detector}, and whether they were found is judged by boxes drawn round the points that "
    "{labels_by} made."
)
_CIRCULAR = (
    " This is the same program: the recall says nothing about how many faces it finds, and figures from original "
    "photos little about what finding faces costs."
)


@dataclass(frozen=True)
class Origins:
    """Who made what.

    Attributes:
        synthetic: whether the project drew the photos.
        source, licence: of the photos, if it did not draw them.
        set_name: what `landmarks.source` was.
        labels, boxes, apart: what is known of that set (`faceline.landmarks.sets.sources.LandmarkSource`).
        set_detector: ran on that set.
        detector: finds the faces of the chain's photos.
        labels_by: made the boxes and points of those.
        drawn: their boxes were drawn round their points, by `faceline.boxes.boxes.box_around`.
    """

    synthetic: bool
    source: str
    licence: str
    set_name: str
    labels: str
    boxes: str
    apart: str
    set_detector: str
    detector: str
    labels_by: str
    drawn: bool = False

    @classmethod
    def of(cls, inputs: Inputs, params: Mapping[str, Mapping]) -> Origins:
        """From what the stages noted, and the groups `data` and `wild`; `unknown` where nothing says.

        Drawn photos are known by their names. Where `data.source` says `synthetic` of others, what the parameters say
        of the photos was left over from the sample, and counts as not stated.
        """
        known = inputs.landmark_set
        noted = {name: str(known.get(name, UNKNOWN)) for name in ("source", "labels", "boxes", "apart", "detector")}
        data = params["data"]
        left_over = data.get("source") == SYNTHETIC and not inputs.synthetic
        drawn = data.get("boxes") == data.get("landmarks") is not None  # where boxes are read from a file of points
        if drawn and noted["boxes"] == "dataset":
            noted["boxes"] = "drawn"
        stated = {} if left_over else {key: value for key, value in data.items() if value}
        return cls(
            synthetic=inputs.synthetic,
            source=stated.get("source", _NOT_STATED),
            licence=stated.get("licence", _NOT_STATED),
            set_name=noted["source"],
            labels=noted["labels"],
            boxes=noted["boxes"],
            apart=noted["apart"],
            set_detector=noted["detector"],
            detector=params["wild"]["detector"],
            labels_by=stated.get("labels_by", _NOT_NAMED),
            drawn=drawn,
        )

    @property
    def photos_note(self) -> str:
        """What the chain's photos are, and what may be done with them."""
        if self.synthetic:
            return _DRAWN
        note = _PHOTOS if self.hourglass_knows_roles or self.set_name == UNKNOWN else _PHOTOS + _OTHER_SET
        return note.format(source=self.source, licence=self.licence, set_name=self.set_name)

    @property
    def labels_note(self) -> str:
        """Who set the points of the landmark set."""
        return _LABELS[self.labels].format(labels_by=self.labels_by)

    @property
    def boxes_note(self) -> str:
        """Who made the boxes of the landmark set."""
        return _BOXES[self.boxes].format(labels_by=self.labels_by)

    @property
    def made_note(self) -> str:
        """Who made the boxes and points of the chain's photos."""
        return (_MADE_POINTS if self.drawn else _MADE).format(labels_by=self.labels_by)

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
        found = _FOUND_BY_POINTS if self.drawn else _FOUND
        return found.format(detector=self.detector, labels_by=self.labels_by) + (_CIRCULAR if self.circular else "")
