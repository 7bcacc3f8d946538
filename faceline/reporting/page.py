"""The report page: one HTML file that holds everything it shows."""

from functools import partial
from importlib.metadata import version
from json import dumps

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from faceline.reporting.charts import draw_chart
from faceline.reporting.inputs import Inputs, Missing, ShownTable
from faceline.reporting.theme import STYLE, TEMPLATES
from faceline.reporting.units import NONE, written

SECTIONS = {
    "short": "In short",
    "run": "What was run",
    "journey": "One face through the chain",
    "data": "The data",
    "landmarks": "Landmarks",
    "alignment": "Alignment",
    "training": "Training",
    "recognition": "Recognition",
    "groups": "Groups",
    "wild": "From original photos",
    "figures": "All figures",
}
_PACKAGES = ("faceline", "torch", "torchvision", "numpy", "opencv-python-headless", "facenet-pytorch", "dvc")
_JOURNEY_FOLDER = "alignment/journey"
_JOURNEY = (
    ("photo", "The photo", "with the annotated box", "A photo with a box round the face"),
    ("crop", "The crop", "a square window round the box, nothing squeezed", "The square window round the face"),
    ("view", "The hourglass's view", "and the five landmarks it finds", "The net's view with five points"),
    ("aligned", "Aligned", "onto the template: what the recogniser reads", "The aligned face"),
)
_LANDMARK_ROWS = {
    "nme_box_diagonal": "error, in diagonals of the box",
    "nme_left_eye": "left eye (as the viewer sees it)",
    "nme_right_eye": "right eye",
    "nme_nose": "tip of the nose",
    "nme_left_mouth": "left corner of the mouth",
    "nme_right_mouth": "right corner of the mouth",
    "nme_eye_center_jittered_box": "with boxes moved and scaled by up to 8%",
    "nme_eye_center_detector_box": "with the detector's boxes",
    "nme_eye_center_detector_faces": "the same faces with annotated boxes",
    "nme_eye_center_mtcnn_faces": "hourglass, on the faces MTCNN found",
    "mtcnn_nme_eye_center": "MTCNN's own points, same faces",
    "nme_eye_center_mtcnn_faces_offset_free": "hourglass, mean offset of each point taken off",
    "mtcnn_nme_eye_center_offset_free": "MTCNN, mean offset of each point taken off",
    "mtcnn_missed": "faces MTCNN did not find",
    "detector_missed": "faces the detector did not find",
}
LABELS_NOTES = {
    "people": "The labels were set by people.",
    "derived": "CelebA's own labels were made by a program: this measures agreement with them, not accuracy.",
    "synthetic": "The faces are synthetic and their points exact.",
    "unknown": "It is not known who set the labels.",
}


def render_page(inputs: Inputs, params: dict[str, dict]) -> str:
    """The whole page.

    Args:
        inputs: what the other stages left.
        params: the checked parameter groups by name; shown as they are, so paths in them should be relative.

    Returns:
        HTML text that loads nothing from anywhere.
    """
    writer = _Writer(inputs)
    labels = inputs.landmark_labels
    labels_note = LABELS_NOTES[labels]
    filter_keys = inputs.keys("filter", "rejected_")
    shares = [key for key in filter_keys if key.startswith("rejected_share_") and key.endswith("_yes")]
    return (
        environment()
        .get_template("page.html")
        .render(
            style=Markup(STYLE),
            sections=[{"id": name, "title": title} for name, title in SECTIONS.items()],
            versions={name: version(name) for name in _PACKAGES},
            parameters={name: _flat(group) for name, group in params.items()},
            draw_chart=partial(draw_chart, inputs),
            journey=_journey(inputs),
            synthetic=inputs.synthetic,
            labels=labels,
            labels_note=labels_note,
            checkpoints=_checkpoints(inputs),
            landmark_meaning=f"Mean distance from the labels, in distances between the eyes. {labels_note}",
            landmark_rows=[(key, name) for key, name in _LANDMARK_ROWS.items() if inputs.has(f"landmarks.{key}")],
            rejections=[key for key in filter_keys if not key.startswith("rejected_share_")],
            rejection_shares=[key.removeprefix("rejected_share_").removesuffix("_yes") for key in shares],
            ratios=[key.removeprefix("fmr_ratio_") for key in inputs.keys("recognition", "fmr_ratio_")],
            all_keys={file: list(values) for file, values in inputs.metrics.items()},
            num=writer.number,
            why=writer.why,
            plain=writer.plain,
            range_of=writer.range,
            picture_of=inputs.picture,
            table_of=writer.table,
            words=lambda text: text.replace("_", " "),
            **{name: params[name] for name in ("filter", "landmarks", "recognition")},
        )
    )


def environment() -> Environment:
    """Templates of this package; HTML ones escape what they are given, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class _Writer:
    """What templates call to put figures on the page."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs

    def plain(self, key: str) -> str:
        """A figure as bare text."""
        return written(key, self._inputs.value(key))

    def number(self, key: str) -> Markup:
        """A figure that says which key of which file it is, with its exact value."""
        if not self._inputs.has(key):
            return Markup('<span class="none" data-missing="{}" title="not measured">{}</span>').format(key, NONE)
        value = self._inputs.value(key)
        return Markup('<data data-key="{}" value="{}">{}</data>').format(key, dumps(value), self.plain(key))

    def why(self, key: str) -> Markup:
        """Why a figure is missing, or nothing."""
        file, _, name = key.partition(".")
        if not self._inputs.has(key):
            text = f"metrics/{file}.json has no {name}"
        elif self._inputs.value(key) is None:
            text = self._inputs.reason(key) or "the data cannot support this figure"
        else:
            return Markup("")
        return Markup('<span class="why">{}</span>').format(text)

    def range(self, key: str) -> Markup:
        """The 95% interval of a figure, or nothing."""
        interval = self._inputs.interval(key)
        if interval is None:
            return Markup("")
        ends = [
            self.number(f"{key}_{end}") if self._inputs.has(f"{key}_{end}") else written(key, value)
            for end, value in zip(("low", "high"), interval, strict=True)
        ]
        return Markup('<span class="range">95% interval {} to {}</span>').format(*ends)

    def table(self, name: str, limit: int) -> ShownTable | Missing:
        """The first rows of a table under reports/."""
        table = self._inputs.table(name)
        if isinstance(table, Missing):
            return table
        return ShownTable.of(table, f"reports/{name}", limit)


def _journey(inputs: Inputs) -> list[dict] | Missing:
    """The steps of one face through the chain of which there is a picture."""
    steps = [
        {"title": title, "text": text, "alt": alt, "picture": inputs.picture(f"{_JOURNEY_FOLDER}/{name}.png")}
        for name, title, text, alt in _JOURNEY
    ]
    there = [step for step in steps if not isinstance(step["picture"], Missing)]
    return there or Missing(f"reports/{_JOURNEY_FOLDER} holds no pictures; the stage align writes them.")


def _checkpoints(inputs: Inputs) -> ShownTable | Missing:
    """The recogniser's best and last checkpoint, side by side."""
    name = "train_recognition/summary.json"
    summary = inputs.document(name)
    if isinstance(summary, Missing):
        return summary
    rows = [{"checkpoint": which, **summary[which]} for which in ("best", "last") if which in summary]
    return ShownTable.of(pd.DataFrame(rows), f"reports/{name}")


def _flat(values: dict, prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            rows += _flat(value, f"{prefix}{key}.")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            rows.append((f"{prefix}{key}", "(none)" if text in ({}, "") else str(text)))
    return rows
