"""How a figure is written: by what its key says it is."""

from __future__ import annotations

import re

NONE = "—"

_COUNT = re.compile(r"^rejected_(?!share)")
_RATIO = re.compile(r"_ratio_")
_SCORE = re.compile(r"threshold_at|^threshold|silhouette|template_error|^auc|sharpness")
_SHARE = re.compile(
    r"^(tpr|fpr|fmr|fnmr|tpir|fpir|rank|accuracy|eer|triplet|share|target|outside|padded|detection_recall|failure)"
    r"|share|^nme|_nme|^mtcnn_nme"
)
_PIXELS = re.compile(r"_px(_|$)")


def written(key: str, value: float | int | str | None) -> str:
    """A figure as people read it.

    Args:
        key: its name in the metrics file, without the file: `tpr_at_fpr_1e-2`.
        value: None is written as a dash.
    """
    if value is None or value != value:
        return NONE
    if isinstance(value, str | bool):
        return str(value)
    if _COUNT.search(key):
        return f"{value:,}"
    if _RATIO.search(key):
        return f"{value:.2f}×"
    if _SCORE.search(key):
        return f"{value:.3f}"
    if _SHARE.search(key) and not isinstance(value, int):
        return percent(value, digits=2 if "nme" in key else 1)
    if _SHARE.search(key) and value in (0, 1) and "nme" not in key:
        return percent(float(value))
    if _PIXELS.search(key):
        return f"{value:,.4g} px"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def percent(value: float, digits: int = 1) -> str:
    """0.873 -> `87.3%`; small shares keep two significant digits, so that 0.00042 is `0.042%` and not `0.0%`."""
    hundredfold = 100 * value
    if value and abs(hundredfold) < 10.0 ** (1 - digits):
        return f"{hundredfold:.2g}%"
    return f"{hundredfold:.{digits}f}%"


def rate_of(key: str) -> str:
    """The rate in a key's end: `tpr_at_fpr_5e-2` -> `5%`."""
    return f"{100 * float(key.rsplit('_', 1)[1]):g}%"
