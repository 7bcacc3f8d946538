"""What a landmark training leaves for people to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from faceline.pictures.sheets import new_figure, save, sheet, write_png
from faceline.landmarks.training.params import LandmarkParams
from faceline.pictures.drawing import TRUTH, drawn
from faceline.landmarks.training.net_inputs import Faces
from faceline.landmarks.training.hourglass_training import TrainedHourglass

_SAMPLES = 40
_COLUMNS = 8


def write_training_report(folder: Path, trained: TrainedHourglass, train: Faces, params: LandmarkParams) -> None:
    """Writes curves.csv, curves.png, chosen.csv and samples.png, a sheet of net inputs as training sees them."""
    curves = pd.DataFrame(trained.curves)
    curves.to_csv(folder / "curves.csv", index=False, float_format="%.6g")
    chosen = [
        {"checkpoint": "best", "epoch": trained.epoch, "dev_nme": trained.dev_nme, "saved": True},
        {"checkpoint": "last", "epoch": len(curves), "dev_nme": trained.last_dev_nme, "saved": False},
    ]
    pd.DataFrame(chosen).to_csv(folder / "chosen.csv", index=False, float_format="%.6g")
    _draw_curves(folder / "curves.png", curves, trained.epoch)
    rows = np.unique(np.linspace(0, len(train) - 1, min(_SAMPLES, len(train))).astype(int))
    pixels, points = train.augmented(rows, (params.seed, 1), params.augmentation)
    tiles = [drawn(one, [(where, TRUTH)], params.input_px) for one, where in zip(pixels, points, strict=True)]
    write_png(folder / "samples.png", sheet(tiles, _COLUMNS))


def _draw_curves(path: Path, curves: pd.DataFrame, best_epoch: int) -> None:
    figure = new_figure()
    axes = figure.subplots()
    axes.plot(curves.epoch, curves.train_loss, color="0.6", label="training loss")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="epoch", ylabel="loss (share of the targets' energy)", yscale="log")
    right = axes.twinx()
    right.plot(curves.epoch, curves.dev_nme, color="C0", label="NME, dev people")
    right.axvline(best_epoch, color="C0", linestyle=":", label="saved")
    right.set(ylabel="NME by eye-centre distance", yscale="log")
    lines = [*axes.get_lines(), *right.get_lines()]
    axes.legend(lines, [line.get_label() for line in lines], frameon=False)
    save(figure, path)
