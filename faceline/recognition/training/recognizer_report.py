"""The report of a training: curves, a summary, and a batch as the net saw it."""

from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from faceline.core.files import write_json
from faceline.pictures.sheets import sheet, write_png
from faceline.recognition.net.embedding_net import MEAN, STD
from faceline.recognition.training.candidate import Candidate, TrainedRecognizer
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.training_data import TrainingData

CURVES = (
    "epoch",
    "learning_rate",
    "margin_factor",
    "train_loss",
    "mean_target_angle_deg",
    "active_triplet_share",
    "mean_pairwise_distance",
    "grad_norm",
    "val_accuracy",
    "dev_tpr_at_fpr_1e-2",
    "dev_auc",
)
_SHEET_COLUMNS = 8


def write_training_report(
    folder: Path, trained: TrainedRecognizer, data: TrainingData, params: RecognitionParams, synthetic: bool
) -> None:
    """Writes `curves.csv` (a row an epoch, empty where a figure was not taken), `summary.json`, `samples.png`.

    The rows with figures of the dev people are in `dev.csv` as well: `dvc plots` draws an empty cell as 0.

    Args:
        synthetic: the faces are the sample's, not photos.
    """
    curves = pd.DataFrame(trained.curves).reindex(columns=list(CURVES))
    curves.to_csv(folder / "curves.csv", index=False, float_format="%.6g")
    validated = curves[["epoch", "dev_tpr_at_fpr_1e-2"]].dropna()
    validated.to_csv(folder / "dev.csv", index=False, float_format="%.6g")
    write_json(
        folder / "summary.json",
        {
            "backbone": params.backbone,
            "loss": params.loss,
            "pretrained": params.pretrained,
            "synthetic": synthetic,
            "people": len(data.people),
            "train_photos": len(data.train),
            "val_photos": len(data.val),
            "dev_people": len(np.unique(data.persons[data.dev])),
            "dev_photos": len(data.dev),
            "saved": "best",
            "best": _figures(trained.best),
            "last": _figures(trained.last),
        },
    )
    write_png(folder / "samples.png", sheet([_as_rgb(image) for image in trained.sample], _SHEET_COLUMNS))


def _figures(candidate: Candidate) -> dict:
    return {"epoch": candidate.epoch, **candidate.validation.to_row()}


def _as_rgb(image: Tensor) -> np.ndarray:
    return (image * STD + MEAN).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
