"""The report of the hourglass's training, for people to look at."""

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.landmarks.training.hourglass_training import TrainedHourglass
from faceline.landmarks.training.net_inputs import NetInputs
from faceline.landmarks.training.params import LandmarkParams
from faceline.pictures.sheets import TRUTH, sheet, with_points, write_png
from faceline.training.curves import write_curves


def write_training_report(folder: Path, trained: TrainedHourglass, train: NetInputs, params: LandmarkParams) -> None:
    """Writes curves.csv, chosen.csv and samples.png, a sheet of net inputs as training sees them."""
    write_curves(folder, trained.curves)
    chosen = [
        {"checkpoint": "best", "epoch": trained.epoch, "dev_nme": trained.dev_nme, "saved": True},
        {"checkpoint": "last", "epoch": len(trained.curves), "dev_nme": trained.last_dev_nme, "saved": False},
    ]
    pd.DataFrame(chosen).to_csv(folder / "chosen.csv", index=False, float_format="%.6g")
    rows = np.unique(np.linspace(0, len(train) - 1, min(40, len(train))).astype(int))
    pixels, points = train.augmented(rows, (params.seed, 1), params.augmentation)
    tiles = [with_points(one, [(where, TRUTH)], params.input_px) for one, where in zip(pixels, points, strict=True)]
    write_png(folder / "samples.png", sheet(tiles, 8))
