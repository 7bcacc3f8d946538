"""Tables and pictures of a landmark evaluation."""

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.files import write_json
from faceline.imaging.images import decode_rgb
from faceline.landmarks.errors.nme import nme_eye_center
from faceline.landmarks.evaluation.measurement import MeasuredFaces, by_group, judges_detectors
from faceline.landmarks.evaluation.params import LandmarkEvaluationParams
from faceline.packed.sets import PackedSet
from faceline.pictures.sheets import PREDICTION, TRUTH, sheet, with_points, write_png
from faceline.points.points import point_table
from faceline.windows.windows import compose, invert, net_view, sample, transform, windows_of

_TILE_PX = 160


def write_evaluation_report(
    folder: Path, faces: MeasuredFaces, crops: PackedSet, params: LandmarkEvaluationParams
) -> None:
    """Writes summary.json, per_face.csv, groups.csv, ced.csv and worst_faces.png into `folder`.

    summary.json holds what is known of the set (`LandmarkSource`), its `source`, and the detector.
    """
    nme = nme_eye_center(faces.predicted, faces.truth)
    known = {name: crops.metadata[name] for name in ("source", "labels", "boxes", "apart")}
    write_json(folder / "summary.json", known | {"detector": faces.detector})
    _per_face(faces, nme).to_csv(folder / "per_face.csv", index=False, float_format="%.5g")
    by_group(faces, params).to_csv(folder / "groups.csv", index=False, float_format="%.5g")
    curves = ced_table(faces, with_detector_points=judges_detectors(crops))
    curves.to_csv(folder / "ced.csv", index=False, float_format="%.5g")
    write_png(folder / "worst_faces.png", _worst_faces(faces, crops, nme))


def ced_table(faces: MeasuredFaces, with_detector_points: bool) -> pd.DataFrame:
    """Share of faces at or under each NME from 0 to 0.15, for each way of predicting.

    The detector looks at some faces only, so its two columns are over those on which it found one.
    """
    predictions = {"annotated_box": faces.predicted, "jittered_box": faces.jittered}
    found = np.isfinite(faces.detected).all(axis=(1, 2))
    if found.any():
        predictions["detector_box"] = faces.detected
    if with_detector_points:
        predictions["detector_points"] = faces.detector_points
    limits = np.linspace(0, 0.15, 151)
    table = pd.DataFrame({"nme_eye_center": limits})
    for name, points in predictions.items():
        known = np.isfinite(points).all(axis=(1, 2))
        errors = np.sort(nme_eye_center(points[known], faces.truth[known]))
        table[name] = np.searchsorted(errors, limits, side="right") / max(1, len(errors))
    return table


def _per_face(faces: MeasuredFaces, nme: np.ndarray) -> pd.DataFrame:
    table = faces.rows[["image_id", "person"]].copy()
    table["nme_eye_center"] = nme
    table["nme_eye_center_jittered_box"] = nme_eye_center(faces.jittered, faces.truth)
    table["nme_eye_center_detector_box"] = nme_eye_center(faces.detected, faces.truth)
    table["score"] = faces.scores.mean(axis=1)
    return pd.concat([table, point_table(faces.predicted).round(2)], axis=1)


def _worst_faces(faces: MeasuredFaces, crops: PackedSet, nme: np.ndarray) -> np.ndarray:
    """The faces with the largest NME, truth in green and prediction in red."""
    worst = np.argsort(-nme, kind="stable")[:24]
    ascending = np.sort(worst)
    encoded = dict(zip(ascending, crops.encoded(faces.positions[ascending]), strict=True))
    windows = windows_of(faces.rows)
    tiles = []
    for row in worst:
        to_photo = net_view(faces.boxes[row], 0.05, _TILE_PX)
        to_window = compose(windows[row].from_photo(), to_photo)
        marks = [
            (transform(invert(to_photo), points[row]), colour)
            for points, colour in ((faces.truth, TRUTH), (faces.predicted, PREDICTION))
        ]
        tiles.append(with_points(sample(decode_rgb(encoded[row]), to_window, _TILE_PX), marks, _TILE_PX))
    return sheet(tiles, 6, [f"{nme[row]:.3f}" for row in worst])
