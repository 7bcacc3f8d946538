"""The model card: the same figures as the page's, in Markdown, to travel with the models."""

from __future__ import annotations

from importlib.metadata import version

from faceline.core.params import Group
from faceline.reporting.numbers import NONE, percent, rate_of, written
from faceline.reporting.page import LABELS_NOTES, environment, labels_of
from faceline.reporting.recognition_charts import DEV_RATE
from faceline.reporting.sources import Sources

_FIGURES = {
    "recognition.rank1": "right person first among those enrolled (closed set)",
    "recognition.tpir_at_fpir_5e-2": "known faces named while 5% of strangers are (open set)",
    "recognition.accuracy_top1": "training people on kept-back photos, nearest class mean",
    "recognition.auc": "area under the ROC curve",
    "recognition.eer": "equal error rate",
    "wild.tpr_at_dev_threshold_1e-2": "same-person pairs accepted, from original photos",
    "wild.detection_recall": "annotated faces that the detector finds",
    "landmarks.nme_eye_center": "landmark error, in distances between the eyes",
}


def render_card(sources: Sources, params: dict[str, Group]) -> str:
    """The whole card as Markdown."""

    def figure(key: str) -> str:
        text = written(key.partition(".")[2], sources.value(key))
        reason = sources.reason(key)
        return f"{text} ({reason})" if text == NONE and reason else text

    def interval(key: str) -> str:
        name = key.partition(".")[2]
        return " to ".join(written(name, end) for end in sources.interval(key) or ())

    rates = [key for key in sources.keys("recognition", "tpr_at_fpr_") if not key.endswith(("_low", "_high"))]
    names = {f"recognition.{key}": f"ID rate at {rate_of(key)} false positives" for key in rates} | _FIGURES
    kept, total = sources.value("filter.usable"), sources.value("filter.in")
    groups = [key.removeprefix("fmr_") for key in sources.keys("recognition", "fmr_") if "_ratio_" not in key]
    text = (
        environment()
        .get_template("card.md")
        .render(
            versions={"faceline": version("faceline")},
            drawn=sources.drawn,
            dropped=NONE if not total or kept is None else percent(1 - kept / total),
            figures=[(key, name) for key, name in names.items() if sources.has(key)],
            groups=groups,
            ratios=[key.removeprefix("fmr_ratio_") for key in sources.keys("recognition", "fmr_ratio_")],
            labels_note=LABELS_NOTES[labels_of(params["landmarks"].source, sources.drawn)],
            threshold=sources.threshold(f"recognition.{DEV_RATE}"),
            threshold_reason=sources.reason(f"recognition.{DEV_RATE}") or "reports/recognition/rates.csv holds none",
            n=figure,
            interval=interval,
            **{name: params[name] for name in ("data", "landmarks", "align", "recognition")},
        )
    )
    return text.rstrip("\n") + "\n"
