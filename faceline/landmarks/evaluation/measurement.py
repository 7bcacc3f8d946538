"""How well a trained hourglass finds landmarks on the test faces of its set, beside the detector's own points."""

from dataclasses import dataclass
from itertools import islice, product

import numpy as np
import pandas as pd

from faceline.boxes.boxes import centres
from faceline.core.columns import BOX_COLUMNS, POINTS
from faceline.imaging.images import decode_all
from faceline.imaging.progress import track
from faceline.landmarks.detected.detected_faces import DETECTED_BOX, DETECTED_POINTS
from faceline.landmarks.errors.nme import (
    bootstrap_mean,
    ced_auc,
    failure_rate,
    mean_offsets,
    nme_box_diagonal,
    nme_eye_center,
    point_errors,
    without_offsets,
)
from faceline.landmarks.evaluation.params import LandmarkEvaluationParams
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.packed.sets import PackedSet
from faceline.points.points import points_of
from faceline.windows.windows import compose, transform, windows_of

_CHUNK = 256


@dataclass(frozen=True)
class MeasuredFaces:
    """The faces measured, and what was predicted for them; all points and boxes in photo px.

    Attributes:
        rows: (n) rows of the packed set, index 0..n-1; `positions` are their places in the set.
        truth: (n, 5, 2) annotated points.
        boxes: (n, 4) annotated boxes.
        predicted, scores: (n, 5, 2) and (n, 5), from the annotated boxes.
        jittered: (n, 5, 2), from the boxes moved at random.
        detected: (n, 5, 2), from the detector's boxes brought to the set's convention; NaN without one.
        detector_points: (n, 5, 2) the detector's own points; NaN without.
        detector: its name.
        looked, missed: faces on which the detector was run, and on which it found no box over the annotated one.
    """

    rows: pd.DataFrame
    positions: np.ndarray
    truth: np.ndarray
    boxes: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    jittered: np.ndarray
    detected: np.ndarray
    detector_points: np.ndarray
    detector: str
    looked: int
    missed: int

    @property
    def groups(self) -> np.ndarray:
        """(n,) whom or what the bootstrap resamples together: the person, or the source photo."""
        return self.rows["group"].to_numpy(str)


def predict_rows(
    predictor: LandmarkPredictor, crops: PackedSet, rows: np.ndarray, boxes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n, 5, 2) points in photo px and (n, 5) scores of the faces at `rows` (ascending) from these (n, 4) boxes."""
    windows = windows_of(crops.rows.iloc[rows])
    images = iter(track(decode_all(crops.encoded(rows)), "finding landmarks", len(rows)))
    points, scores = [], []
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        views = np.array([predictor.view(box) for box in boxes[part]])
        from_photo = np.array([window.from_photo() for window in windows[part]])
        in_window, score = predictor.predict(list(islice(images, _CHUNK)), compose(from_photo, views))
        points.append(transform(np.array([window.to_photo() for window in windows[part]]), in_window))
        scores.append(score)
    return np.concatenate(points), np.concatenate(scores)


def jittered_boxes(boxes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 4) boxes, sides scaled by 1 +- share and middles moved by +- share of the longer side, all uniform."""
    scale = 1 + rng.uniform(-share, share, (len(boxes), 1))
    shift = rng.uniform(-share, share, (len(boxes), 2)) * boxes[:, 2:].max(axis=1, keepdims=True)
    sides = boxes[:, 2:] * scale
    return np.concatenate([centres(boxes) + shift - sides / 2, sides], axis=1)


def measure(
    predictor: LandmarkPredictor,
    crops: PackedSet,
    detector: str,
    found: pd.DataFrame,
    params: LandmarkEvaluationParams,
) -> MeasuredFaces:
    """Runs the net on the test faces: from annotated and jittered boxes, and those `found` (by image_id)."""
    positions = np.flatnonzero((crops.rows["split"] == "test").to_numpy())
    rows = crops.rows.iloc[positions].reset_index(drop=True)
    boxes = rows[BOX_COLUMNS].to_numpy(np.float64)
    predicted, scores = predict_rows(predictor, crops, positions, boxes)
    jitter = jittered_boxes(boxes, 0.08, np.random.default_rng([params.seed, 1]))
    own = found[found["split"] == "test"]
    beside = own.reindex(rows.image_id)
    known = np.flatnonzero(beside[DETECTED_BOX[0]].notna().to_numpy())
    detected = np.full_like(predicted, np.nan)
    if len(known):
        mapped = beside[DETECTED_BOX].to_numpy(np.float64)[known]
        detected[known], _ = predict_rows(predictor, crops, positions[known], mapped)
    return MeasuredFaces(
        rows=rows,
        positions=positions,
        truth=points_of(rows),
        boxes=boxes,
        predicted=predicted,
        scores=scores,
        jittered=predict_rows(predictor, crops, positions, jitter)[0],
        detected=detected,
        detector_points=beside[DETECTED_POINTS].to_numpy(np.float64).reshape(-1, len(POINTS), 2),
        detector=detector,
        looked=len(own),
        missed=int(own[DETECTED_BOX[0]].isna().sum()),
    )


def summarise(faces: MeasuredFaces, defects: pd.Series, params: LandmarkEvaluationParams) -> dict[str, float]:
    """The flat metrics, with `defects` (why faces were left out of the set), but for `compare_with_detector`'s."""
    nme = nme_eye_center(faces.predicted, faces.truth)
    low, high = bootstrap_mean(nme, faces.groups, params.bootstrap_samples, np.random.default_rng([params.seed, 2]))
    by_point = point_errors(faces.predicted, faces.truth).mean(axis=0)
    metrics = {
        "images": len(nme),
        "nme_eye_center": float(nme.mean()),
        "nme_eye_center_low": low,
        "nme_eye_center_high": high,
        "nme_eye_center_median": float(np.median(nme)),
        "nme_box_diagonal": float(nme_box_diagonal(faces.predicted, faces.truth, faces.boxes).mean()),
        "auc_8e-2": ced_auc(nme),
        "failure_rate_1e-1": failure_rate(nme),
        **{f"nme_{point}": float(value) for point, value in zip(POINTS, by_point, strict=True)},
        "nme_eye_center_jittered_box": float(nme_eye_center(faces.jittered, faces.truth).mean()),
        "detector_looked": faces.looked,
        "detector_missed": faces.missed,
    }
    found = np.isfinite(faces.detected).all(axis=(1, 2))
    if found.any():
        detected = nme_eye_center(faces.detected[found], faces.truth[found])
        # on the same faces from annotated boxes, so that the two differ by the box alone
        metrics["nme_eye_center_detector_faces"] = float(nme[found].mean())
        rng = np.random.default_rng([params.seed, 4])
        low, high = bootstrap_mean(detected, faces.groups[found], params.bootstrap_samples, rng)
        metrics["nme_eye_center_detector_box"] = float(detected.mean())
        metrics["nme_eye_center_detector_box_low"] = low
        metrics["nme_eye_center_detector_box_high"] = high
        metrics["auc_8e-2_detector_box"] = ced_auc(detected)
        metrics["failure_rate_1e-1_detector_box"] = failure_rate(detected)
    counts = defects.value_counts().sort_index()
    return metrics | {"defects": len(defects)} | {f"defects_{reason}": int(n) for reason, n in counts.items()}


def judges_detectors(crops: PackedSet) -> bool:
    """Whether a detector's own points may be measured by the set's.

    The chain's own photos may have been annotated by that very detector, and drawn faces follow a convention that is
    not its.
    """
    return crops.metadata["labels"] in ("people", "unknown")


def compare_with_detector(
    faces: MeasuredFaces, predictor: LandmarkPredictor, crops: PackedSet, found: pd.DataFrame
) -> dict[str, float]:
    """The detector's own points beside the net's from the same detector's boxes, on the faces that it found.

    Neither sees an annotated box. The net's error as it is stands in `summarise`: `nme_eye_center_detector_box`. Two
    conventions of where a point sits on a face differ by a constant that is no error of either. So both are measured
    twice: as they are, and after each point's mean offset on training photos has been taken off.
    """
    known = np.isfinite(faces.detector_points).all(axis=(1, 2))
    fit = found[(found["split"] == "train") & found[DETECTED_POINTS[0]].notna()]
    rows = np.flatnonzero(crops.rows.image_id.isin(fit.index).to_numpy())
    if not (known.any() and len(rows)):
        return {}
    chosen = crops.rows.iloc[rows]
    fit, fit_truth = fit.loc[chosen.image_id], points_of(chosen)
    fit_detector = fit[DETECTED_POINTS].to_numpy(np.float64).reshape(-1, len(POINTS), 2)
    fit_net, _ = predict_rows(predictor, crops, rows, fit[DETECTED_BOX].to_numpy(np.float64))
    truth, net, detector = faces.truth[known], faces.detected[known], faces.detector_points[known]
    net_free = without_offsets(net, truth, mean_offsets(fit_net, fit_truth))
    detector_free = without_offsets(detector, truth, mean_offsets(fit_detector, fit_truth))
    nme = {
        "nme_eye_center_detector_box_offset_free": nme_eye_center(net_free, truth).mean(),
        "nme_eye_center_detector_points": nme_eye_center(detector, truth).mean(),
        "nme_eye_center_detector_points_offset_free": nme_eye_center(detector_free, truth).mean(),
    }
    return {key: float(value) for key, value in nme.items()}


def by_group(faces: MeasuredFaces, params: LandmarkEvaluationParams) -> pd.DataFrame:
    """NME of faces with and without each of `evaluation.group_attributes` that is known of some face."""
    nme = nme_eye_center(faces.predicted, faces.truth)
    rng = np.random.default_rng([params.seed, 3])
    rows = []
    known = [name for name in params.group_attributes if name in faces.rows and faces.rows[name].notna().any()]
    for attribute, value in product(known, ("yes", "no")):
        # unknown is neither
        member = (faces.rows[attribute] == (value == "yes")).to_numpy(bool, na_value=False)
        row = {"attribute": attribute, "value": value, "faces": int(member.sum())}
        if member.any():
            low, high = bootstrap_mean(nme[member], faces.groups[member], params.bootstrap_samples, rng)
            row |= {"nme_eye_center": nme[member].mean(), "nme_eye_center_low": low, "nme_eye_center_high": high}
            row["failure_rate_1e-1"] = failure_rate(nme[member])
        rows.append(row)
    columns = ["nme_eye_center", "nme_eye_center_low", "nme_eye_center_high", "failure_rate_1e-1"]
    return pd.DataFrame(rows, columns=["attribute", "value", "faces", *columns])
