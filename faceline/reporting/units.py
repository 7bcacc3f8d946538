"""Which unit each figure of the metrics files has, and how a figure of that unit is written."""

from fnmatch import fnmatchcase

NONE = "—"

_UNITS = {
    "count": """
        dataset.photos dataset.people dataset.unreadable dataset.photos_per_person_* dataset.near_duplicate_groups*
        filter.in filter.usable filter.kept filter.not_needed filter.rejected_* filter.*_people filter.*_photos
        crop.faces crop.shrunk
        landmarks.images landmarks.defects* landmarks.detector_*
        alignment.faces alignment.aligned alignment.rejected*
        *.*_pairs recognition.gallery_size
    """,
    "px": "dataset.box_width_px_* crop.window_px_*",
    "share": """
        dataset.share_* filter.rejected_share_* crop.padded_share landmarks.failure_rate_*
        alignment.rejected_share alignment.outside_share*
        *.tpr_at_* *.fpr_at_* *.eer *.failure_to_acquire wild.detection_recall
        recognition.accuracy_* recognition.rank* recognition.*pir_at_* recognition.triplet_accuracy
        recognition.fmr_* recognition.fnmr_*
    """,
    "error": "landmarks.nme_*",  # in distances between the eyes, a share of small size
    "ratio": "recognition.fmr_ratio_*",
    "score": """
        dataset.sharpness_* landmarks.auc_* alignment.template_error* *.threshold_at_* *.auc recognition.silhouette
    """,
}
# unit -> keys, each with its file; `*` is anything, and of several patterns that fit a key the longest counts
UNITS = {unit: patterns.split() for unit, patterns in _UNITS.items()}


def unit_of(key: str) -> str | None:
    """The unit of the figure `file.key`; None for one that has none in `UNITS`."""
    fitting = [(len(one), unit) for unit, patterns in UNITS.items() for one in patterns if fnmatchcase(key, one)]
    return max(fitting)[1] if fitting else None


def written(key: str, value: float | int | None) -> str:
    """A figure as people read it.

    Args:
        key: its file and name: `recognition.tpr_at_fpr_1e-2`. One without a unit is written as a plain number.
        value: None is written as a dash.
    """
    if value is None or value != value:
        return NONE
    plain = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
    match unit_of(key):
        case "share":
            return percent(value)
        case "error":
            return percent(value, digits=2)
        case "px":
            return f"{plain} px"
        case "ratio":
            return times(value)
        case "score":
            return f"{value:.3f}"
    return plain


def percent(value: float, digits: int = 1) -> str:
    """0.873 -> `87.3%`; small shares keep two significant digits, so that 0.00042 is `0.042%` and not `0.0%`."""
    hundredfold = 100 * value
    if value and abs(hundredfold) < 10.0 ** (1 - digits):
        return f"{hundredfold:.2g}%"
    return f"{hundredfold:.{digits}f}%"


def times(value: float) -> str:
    """2.7234 -> `2.72×`."""
    return f"{value:.2f}×"


def rate_of(key: str) -> str:
    """The rate in a key's end: `tpr_at_fpr_5e-2` -> `5%`."""
    return f"{100 * float(key.rsplit('_', 1)[1]):g}%"
