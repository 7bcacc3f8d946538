"""How accurate and how fast hourglasses of several sizes are: trained alike, timed side by side, in one table.

    python -m benchmarks.landmark_sizes --epochs 6 --name mtfl

Each size is a `dvc exp run` up to `train_landmarks` on params.yaml as it is, with landmarks.stacks, channels and
epochs changed, so crops are cut once and every run is kept under its name. Sizes are compared on the set's dev faces:
the default is chosen by them. The size that params.yaml names is the only one that is measured on test faces, by
`evaluate_landmarks`. Writes docs/results/landmark-sizes-NAME.md and .csv.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import dvc.api
import numpy as np
import pandas as pd
import torch

from benchmarks.comparison import run_command
from benchmarks.experiments import check_workspace, dvc_run, restore, revision
from faceline.core.columns import BOX_COLUMNS
from faceline.core.errors import InputError
from faceline.core.files import write_text
from faceline.evaluation.verification.params import EvaluationParams
from faceline.landmarks.errors.nme import bootstrap_mean, ced_auc, nme_eye_center
from faceline.landmarks.evaluation.measurement import jittered_boxes, predict_rows
from faceline.landmarks.net.codec import Codec
from faceline.landmarks.net.hourglass import StackedHourglass
from faceline.landmarks.net.predictor import LandmarkPredictor
from faceline.landmarks.training.hourglass_training import heatmap_loss, net_config
from faceline.landmarks.training.params import LandmarkParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet
from faceline.points.points import points_of
from faceline.settings.schema import load_params

TRAINED, MEASURED = "train_landmarks", "evaluate_landmarks"
MODEL = "models/hourglass.safetensors"
CROPS = "data/landmark_crops"
METRICS = "metrics/landmarks.json"
BATCH = 16
ROUNDS = 5
JITTER = 0.08
SIZES = ["1x64", "2x64", "4x64", "1x128", "2x128", "4x128"]


class Timed:
    """A net of one size, and what it costs to use and to train."""

    def __init__(self, landmarks: LandmarkParams, device: torch.device) -> None:
        config = net_config(landmarks)
        self._device = device
        self._codec = Codec(config.input_px, config.sigma_px)
        self._net = StackedHourglass(config).to(device=device, memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(self._net.parameters())
        self._images = torch.randn(BATCH, 3, config.input_px, config.input_px, device=device)
        self._images = self._images.contiguous(memory_format=torch.channels_last)
        self._points = torch.full((BATCH, 5, 2), config.input_px / 2, device=device)
        self.parameters = sum(one.numel() for one in self._net.parameters())

    def predict(self) -> None:
        self._net.eval()
        with torch.inference_mode():
            self._codec.decode(self._net(self._images)[-1])[0].cpu()

    def train(self) -> None:
        self._net.train()
        targets, weights = self._codec.encode(self._points)
        loss = heatmap_loss(self._net(self._images), targets, weights, self._codec.sigma_px)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        loss.item()


def timed(sizes: dict[str, LandmarkParams], device: torch.device) -> pd.DataFrame:
    """parameters, predicted_per_s and trained_per_s (photos) of each size, measured in turns in one process."""
    nets = {name: Timed(landmarks, device) for name, landmarks in sizes.items()}
    taken = {(name, how): [] for name in nets for how in ("predict", "train")}
    for _ in range(ROUNDS + 1):
        for name, how in taken:
            started = time.perf_counter()
            getattr(nets[name], how)()
            taken[name, how].append(time.perf_counter() - started)
    # the first round of all is for warming up
    speed = {key: BATCH / statistics.median(seconds[1:]) for key, seconds in taken.items()}
    rows = [
        {
            "size": name,
            "parameters": net.parameters,
            "predicted_per_s": speed[name, "predict"],
            "trained_per_s": speed[name, "train"],
        }
        for name, net in nets.items()
    ]
    return pd.DataFrame(rows).set_index("size")


def size_of(landmarks: LandmarkParams) -> str:
    return f"{landmarks.stacks} x {landmarks.channels}"


def with_size(landmarks: LandmarkParams, size: str) -> LandmarkParams:
    """The parameters with another size, STACKSxCHANNELS; InputError where it is none."""
    try:
        stacks, channels = map(int, size.split("x"))
        return LandmarkParams.model_validate({**landmarks.model_dump(), "stacks": stacks, "channels": channels})
    except ValueError as error:  # pydantic's too
        raise InputError(f"--sizes: {size}: expected STACKSxCHANNELS, as 2x64 is ({error})") from None


def run_size(landmarks: LandmarkParams, epochs: int, target: str) -> str:
    """Trains one size, goes on to `target`, and returns the experiment's commit."""
    chosen = {"stacks": landmarks.stacks, "channels": landmarks.channels, "epochs": epochs}
    name = f"hourglass-{landmarks.stacks}x{landmarks.channels}-{epochs}-{target.partition('_')[0]}"
    return dvc_run(name, {f"landmarks.{key}": value for key, value in chosen.items()}, target)


def dev_figures(commit: str, evaluation: EvaluationParams, device: torch.device) -> dict[str, float]:
    """`on_dev` of the net that an experiment trained, on the faces that it trained with."""
    stored = dvc.api.DVCFileSystem(rev=commit)
    with tempfile.TemporaryDirectory() as folder:
        model, crops = Path(folder) / "hourglass.safetensors", Path(folder) / "crops"
        stored.get_file(MODEL, str(model))
        stored.get(CROPS, str(crops), recursive=True)
        return on_dev(LandmarkPredictor.load(model, device), PackedSet(crops), evaluation)


def on_dev(predictor: LandmarkPredictor, crops: PackedSet, evaluation: EvaluationParams) -> dict[str, float]:
    """faces; NME by eye distance with its 95% interval; the same with boxes moved and scaled; AUC at 0.08."""
    rows = np.flatnonzero((crops.rows["split"] == "dev").to_numpy())
    dev = crops.rows.iloc[rows]
    boxes, truth = dev[BOX_COLUMNS].to_numpy(np.float64), points_of(dev)
    moved = jittered_boxes(boxes, JITTER, np.random.default_rng([evaluation.seed, 1]))
    nme, jittered = (nme_eye_center(predict_rows(predictor, crops, rows, one)[0], truth) for one in (boxes, moved))
    rng = np.random.default_rng([evaluation.seed, 2])
    low, high = bootstrap_mean(nme, dev["group"].to_numpy(str), evaluation.bootstrap_samples, rng)
    return {
        "faces": len(rows),
        "nme": float(nme.mean()),
        "low": low,
        "high": high,
        "nme_jittered_box": float(jittered.mean()),
        "auc_8e-2": ced_auc(nme),
    }


def page(table: pd.DataFrame, chosen: str, test: dict[str, float], command: str, where: str) -> str:
    """The table as Markdown.

    Args:
        table: by size, what `timed` and `on_dev` give.
        chosen, test: the size that was measured on test faces, and its `metrics/landmarks.json`.
        where: the commit and the machine.
    """
    heads = ["stacks x channels", "parameters", "NME on dev faces (95% interval)", f"boxes off by {JITTER:.0%}"]
    heads += ["AUC at 0.08", "predicts", "trains"]
    rows = [heads, ["---"] * len(heads)]
    for size, row in table.iterrows():
        nme = f"{row.nme:.4f} ({row.low:.4f} to {row.high:.4f})"
        cells = [size, f"{row.parameters:,.0f}", nme, f"{row.nme_jittered_box:.4f}", f"{row['auc_8e-2']:.3f}"]
        rows.append([*cells, f"{row.predicted_per_s:.0f}/s", f"{row.trained_per_s:.0f}/s"])
    nme, low, high = (test[f"nme_eye_center{end}"] for end in ("", "_low", "_high"))
    return "\n".join(
        [
            f"# Hourglass sizes\n\n`{command}` {where}. All sizes saw the same photos in the same order.",
            f"Errors are those of {table.faces.iloc[0]:.0f} dev faces, which chose each net's epoch and choose the",
            f"default size. Speeds are photos a second at batches of {BATCH}, all sizes in turns in one process.\n",
            *(f"| {' | '.join(cells)} |" for cells in rows),
            f"\nMeasured on test faces, {chosen} alone, the size that `params.yaml` names: NME",
            f"{nme:.4f} ({low:.4f} to {high:.4f}) on {test['images']} faces.\n",
        ]
    )


def main() -> None:
    """Runs every size and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", metavar="STACKSxCHANNELS", default=SIZES, help="what to compare")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--name", default="sample", help="of the result files")
    options = parser.parse_args()
    check_workspace()
    params = load_params()
    device = prepare(params.runtime)
    asked = [with_size(params.landmarks, size) for size in options.sizes]
    sizes = {size_of(landmarks): landmarks for landmarks in [*asked, params.landmarks]}
    try:
        commits = {size: run_size(landmarks, options.epochs, TRAINED) for size, landmarks in sizes.items()}
        figures = {size: dev_figures(commit, params.evaluation, device) for size, commit in commits.items()}
        evaluated = run_size(params.landmarks, options.epochs, MEASURED)
        with dvc.api.open(METRICS, rev=evaluated) as file:
            test = json.load(file)
    finally:
        restore()
    table = timed(sizes, device).join(pd.DataFrame(figures).T)
    stem = Path("docs/results") / f"landmark-sizes-{options.name}"
    chosen = [] if options.sizes == SIZES else ["--sizes", *options.sizes]
    words = ["python -m benchmarks.landmark_sizes", *chosen, f"--epochs {options.epochs}", f"--name {options.name}"]
    where = f"at `{revision()}`, on {device.type}"
    write_text(stem.with_suffix(".md"), page(table, size_of(params.landmarks), test, " ".join(words), where))
    write_text(stem.with_suffix(".csv"), table.to_csv(float_format="%.6g"))


if __name__ == "__main__":
    run_command(main)
