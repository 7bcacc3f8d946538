"""The model card: the same figures as the page's, in Markdown, to travel with the models."""

import re
from dataclasses import fields, replace
from html import escape
from importlib.metadata import version
from typing import Any

from faceline.reporting.groups import Groups
from faceline.reporting.inputs import Inputs
from faceline.reporting.origins import Origins
from faceline.reporting.page import fill_template
from faceline.reporting.units import NONE, percent, rate_of, written

DEV_RATE = "tpr_at_dev_threshold_1e-2"
_FIGURES = {
    "recognition.rank1": "right person first among those enrolled (closed set)",
    "recognition.tpir_at_fpir_5e-2": "known faces named while 5% of strangers are (open set)",
    "recognition.accuracy_top1": "training people on kept-back photos, nearest class mean",
    "recognition.auc": "area under the ROC curve",
    "recognition.eer": "equal error rate",
    "wild.tpr_at_dev_threshold_1e-2": "same-person pairs accepted, from original photos",
    "wild.detection_recall": "annotated faces that the detector finds",
    "landmarks.nme_eye_center_detector_box": "landmark error from a detector's boxes, in distances between the eyes",
    "landmarks.nme_eye_center_detector_points": "the detector's own points, on the same faces",
    "landmarks.nme_eye_center": "landmark error from annotated boxes",
}


def render_card(inputs: Inputs, params: dict[str, dict]) -> str:
    """The whole card as Markdown."""

    def figure(key: str) -> str:
        text = written(key, inputs.value(key))
        reason = inputs.reason(key)
        return f"{text} ({reason})" if text == NONE and reason else text

    def interval(key: str) -> str:
        return " to ".join(written(key, end) for end in inputs.interval(key) or ())

    rates = [key for key in inputs.keys("recognition", "tpr_at_fpr_") if not key.endswith(("_low", "_high"))]
    names = {f"recognition.{key}": f"ID rate at {rate_of(key)} false positives" for key in rates} | _FIGURES
    kept, total = inputs.value("filter.usable"), inputs.value("filter.in")
    recognition = params["recognition"] | {"pretrained": markdown_text(str(params["recognition"]["pretrained"]))}
    text = fill_template(
        "card.md",
        inputs,
        origins=_in_markdown(Origins.of(inputs, params)),
        version=version("faceline"),
        groups=Groups.of(inputs),
        dropped=NONE if not total or kept is None else percent(1 - kept / total),
        figures={key: name for key, name in names.items() if inputs.has(key)},
        threshold=inputs.threshold(f"recognition.{DEV_RATE}"),
        threshold_reason=inputs.reason(f"recognition.{DEV_RATE}") or "reports/recognition/rates.csv holds none",
        n=figure,
        interval=interval,
        **params | {"recognition": recognition},
    )
    return text.rstrip("\n") + "\n"


def markdown_text(text: str) -> str:
    """Somebody's words as Markdown shows them: no HTML, no links, no cells of their own, in one line."""
    return re.sub(r"[\\`\[\]|]", r"\\\g<0>", escape(" ".join(text.split()), quote=False))


def _in_markdown(origins: Origins) -> Origins:
    words: dict[str, Any] = {one.name: getattr(origins, one.name) for one in fields(origins)}
    return replace(origins, **{name: _shown(value) for name, value in words.items()})


def _shown(value: Any) -> Any:
    return markdown_text(value) if isinstance(value, str) else value
