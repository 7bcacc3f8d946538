"""The report of a training: curves, a summary, and a batch as the net saw it."""

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.files import write_json
from faceline.pictures.sheets import sheet, write_png
from faceline.recognition.net.embedding_net import MEAN, STD
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.trained import TrainedRecognizer
from faceline.recognition.training.training_data import TrainingData
from faceline.recognition.training.validation import DEV_TPR
from faceline.training.curves import write_curves


def write_training_report(
    folder: Path, trained: TrainedRecognizer, data: TrainingData, params: RecognitionParams, synthetic: bool
) -> None:
    """Writes `curves.csv` (a row an epoch, empty where a figure was not taken), `summary.json`, `samples.png`.

    The rows with figures of the dev people are in `dev.csv` as well: `dvc plots` draws an empty cell as 0. Without
    training there is no `samples.png`, and one row.

    Args:
        synthetic: the faces are the sample's, not photos.
    """
    write_curves(folder, trained.curves)
    validated = pd.DataFrame(trained.curves)[["epoch", DEV_TPR]].dropna()
    validated.to_csv(folder / "dev.csv", index=False, float_format="%.6g")
    summary = {
        "backbone": params.backbone,
        "loss": params.loss if params.epochs else None,
        "pretrained": params.pretrained,
        "synthetic": synthetic,
        "people": len(data.people),
        "train_photos": len(data.train),
        "val_photos": len(data.val),
        "dev_people": len(np.unique(data.persons[data.dev])),
        "dev_photos": len(data.dev),
        "saved": "best",
        "best": {"epoch": trained.best.epoch, **trained.best.figures},
        "last": {"epoch": trained.last.epoch, **trained.last.figures},
    }
    write_json(folder / "summary.json", summary)
    if trained.sample is None:
        return
    tiles = (trained.sample * STD + MEAN).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    write_png(folder / "samples.png", sheet(list(tiles), 8))
