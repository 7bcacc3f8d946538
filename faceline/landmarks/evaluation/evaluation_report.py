"""Tables and pictures of a landmark evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.pictures.sheets import new_figure, save, sheet, write_png
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import PackedSet
from faceline.evaluation.verification.params import EvaluationParams
from faceline.geometry.points import point_table
from faceline.windows.windows import compose, invert, net_view, sample, transform
from faceline.pictures.drawing import PREDICTION, TRUTH, drawn
from faceline.landmarks.evaluation.measurement import MeasuredFaces, by_group
from faceline.landmarks.training.net_inputs import windows_of
from faceline.landmarks.errors.nme import AUC_LIMIT, nme_eye_center

_CED_LIMIT = 0.15
_CED_STEPS = 151
_WORST = 24
_COLUMNS = 6
_TILE_PX = 160
_TILE_MARGIN = 0.05
_TITLES = {
    "people": "error against points set by people",
    "derived": "agreement with derived labels, no measure of accuracy",
    "drawn": "drawn faces, exact points",
}


def write_evaluation_report(
    folder: Path, faces: MeasuredFaces, crops: PackedSet, labels: str, params: EvaluationParams
) -> None:
    """Writes per_face.csv, groups.csv, ced.csv, ced.png and worst_faces.png into `folder`.

    Args:
        labels: `people`, `derived` or `drawn`: who set the points; titles say it.
    """
    nme = nme_eye_center(faces.predicted, faces.truth)
    _per_face(faces, nme).to_csv(folder / "per_face.csv", index=False, float_format="%.5g")
    by_group(faces, params).to_csv(folder / "groups.csv", index=False, float_format="%.5g")
    curves = ced_table(faces, with_mtcnn=labels == "people")
    curves.to_csv(folder / "ced.csv", index=False, float_format="%.5g")
    _draw_ced(folder / "ced.png", curves, _TITLES[labels])
    write_png(folder / "worst_faces.png", _worst_faces(faces, crops, nme))


def ced_table(faces: MeasuredFaces, with_mtcnn: bool) -> pd.DataFrame:
    """Share of faces at or under each NME from 0 to 0.15, for each way of predicting.

    The detector looks at some faces only, so its two columns are over those on which it found one.
    """
    ways = {"annotated_box": faces.predicted, "jittered_box": faces.jittered}
    found = np.isfinite(faces.detected).all(axis=(1, 2))
    if found.any():
        ways["detector_box"] = faces.detected
    if with_mtcnn:
        ways["mtcnn_points"] = faces.mtcnn
    limits = np.linspace(0, _CED_LIMIT, _CED_STEPS)
    table = pd.DataFrame({"nme_eye_center": limits})
    for way, points in ways.items():
        known = np.isfinite(points).all(axis=(1, 2))
        errors = np.sort(nme_eye_center(points[known], faces.truth[known]))
        table[way] = np.searchsorted(errors, limits, side="right") / max(1, len(errors))
    return table


def _per_face(faces: MeasuredFaces, nme: np.ndarray) -> pd.DataFrame:
    table = faces.facts[["image_id", "person"]].copy()
    table["nme_eye_center"] = nme
    table["nme_eye_center_jittered_box"] = nme_eye_center(faces.jittered, faces.truth)
    table["nme_eye_center_detector_box"] = nme_eye_center(faces.detected, faces.truth)
    table["score"] = faces.scores.mean(axis=1)
    return pd.concat([table, point_table(faces.predicted).round(2)], axis=1)


def _draw_ced(path: Path, curves: pd.DataFrame, title: str) -> None:
    figure = new_figure()
    axes = figure.subplots()
    for way in curves.columns[1:]:
        axes.plot(curves.nme_eye_center, curves[way], label=way.replace("_", " "))
    axes.axvline(AUC_LIMIT, color="0.8", zorder=0)
    axes.set(
        xlabel="NME by eye-centre distance", ylabel="share of faces at or under", xlim=(0, _CED_LIMIT), ylim=(0, 1)
    )
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False)
    save(figure, path)


def _worst_faces(faces: MeasuredFaces, crops: PackedSet, nme: np.ndarray) -> np.ndarray:
    """The faces with the largest NME, truth in green and prediction in red."""
    worst = np.argsort(-nme, kind="stable")[:_WORST]
    ascending = np.sort(worst)
    encoded = dict(zip(ascending, crops.encoded(faces.positions[ascending]), strict=True))
    windows = windows_of(faces.facts)
    tiles = []
    for row in worst:
        to_photo = net_view(faces.boxes[row], _TILE_MARGIN, _TILE_PX)
        to_window = compose(windows[row].from_photo(), to_photo)
        marks = [
            (transform(invert(to_photo), points[row]), colour)
            for points, colour in ((faces.truth, TRUTH), (faces.predicted, PREDICTION))
        ]
        tiles.append(drawn(sample(decode_rgb(encoded[row]), to_window, _TILE_PX), marks, _TILE_PX))
    return sheet(tiles, _COLUMNS, [f"{nme[row]:.3f}" for row in worst])
