"""The report page: one HTML file that holds everything it shows."""

from functools import partial
from importlib.metadata import version

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from faceline.reporting.charts import draw_chart
from faceline.reporting.groups import Groups
from faceline.reporting.inputs import Inputs, Missing, ShownTable
from faceline.reporting.origins import Origins
from faceline.reporting.theme import STYLE, TEMPLATES
from faceline.reporting.units import written

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
_JOURNEY = (
    ("photo", "The photo", "with the annotated box", "A photo with a box round the face"),
    ("crop", "The crop", "a square window round the box, nothing squeezed", "The square window round the face"),
    ("view", "The hourglass's view", "and the five landmarks it finds", "The net's view with five points"),
    ("aligned", "Aligned", "onto the template: what the recogniser reads", "The aligned face"),
)
# `{detector}` is the one that ran on the landmark set; what can be compared comes first, all of it on the same faces
_LANDMARK_ROWS = {
    "nme_eye_center_detector_box": "hourglass, from the boxes of {detector}",
    "nme_eye_center_detector_points": "{detector}'s own points",
    "nme_eye_center_detector_box_offset_free": "hourglass, mean offset of each point taken off",
    "nme_eye_center_detector_points_offset_free": "{detector}'s own points, mean offset of each taken off",
    "nme_eye_center_detector_faces": "hourglass on those faces, from annotated boxes",
    "detector_missed": "faces {detector} did not find",
    "nme_eye_center": "hourglass on all faces, from annotated boxes",
    "nme_eye_center_jittered_box": "with boxes moved and scaled by up to 8%",
    "nme_box_diagonal": "error, in diagonals of the box",
    "nme_left_eye": "left eye (as the viewer sees it)",
    "nme_right_eye": "right eye",
    "nme_nose": "tip of the nose",
    "nme_left_mouth": "left corner of the mouth",
    "nme_right_mouth": "right corner of the mouth",
}


def render_page(inputs: Inputs, params: dict[str, dict]) -> str:
    """The whole page.

    Args:
        inputs: what the other stages left.
        params: the checked parameter groups by name; shown as they are, so paths in them should be relative.

    Returns:
        HTML text that loads nothing from anywhere.
    """
    origins = Origins.of(inputs, params)
    return fill_template(
        "page.html",
        inputs,
        origins=origins,
        style=STYLE,
        header="chain_header",
        made_by="the stage report",
        sections=SECTIONS,
        versions={name: version(name) for name in _PACKAGES},
        groups=Groups.of(inputs),
        parameters={name: _flat(group) for name, group in params.items()},
        draw_chart=partial(draw_chart, inputs),
        journey=_journey(inputs),
        checkpoints=_checkpoints(inputs),
        landmark_rows={key: name.format(detector=origins.set_detector) for key, name in _LANDMARK_ROWS.items()},
        **params,
    )


def fill_template(template: str, inputs: Inputs, **names: object) -> str:
    """A template of this package; HTML ones escape what they are given, and an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(
        inputs=inputs, plain=lambda key: written(key, inputs.value(key)), written=written, **names
    )


def _journey(inputs: Inputs) -> list[dict] | Missing:
    """The steps of one face through the chain of which there is a picture."""
    steps = [
        {"title": title, "text": text, "alt": alt, "picture": inputs.picture(f"alignment/journey/{name}.png")}
        for name, title, text, alt in _JOURNEY
    ]
    there = [step for step in steps if not isinstance(step["picture"], Missing)]
    return there or Missing("reports/alignment/journey holds no pictures; the stage align writes them.")


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
