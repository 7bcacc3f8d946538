"""How accurate and how fast hourglasses of several sizes are: trained alike, timed side by side, in one table.

    python -m benchmarks.landmark_sizes --epochs 6 --name mtfl

Each size is a `dvc exp run` up to `evaluate_landmarks` on params.yaml as it is, with landmarks.stacks, channels and
epochs changed, so crops are cut once and every run is kept under its name. Writes docs/results/landmark-sizes-NAME.md
and .csv.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import dvc.api
import pandas as pd
import torch

from benchmarks.experiments import dvc_run, refuse_unclean, restore, revision
from faceline.core.files import write_text
from faceline.landmarks.net.codec import Codec
from faceline.landmarks.net.hourglass import StackedHourglass
from faceline.landmarks.training.hourglass_training import heatmap_loss, net_config
from faceline.landmarks.training.params import LandmarkParams
from faceline.models.runtime import prepare
from faceline.settings.schema import load_params

TARGET = "evaluate_landmarks"
METRICS = "metrics/landmarks.json"
BATCH = 16
ROUNDS = 5
FIGURES = ("nme_eye_center", "nme_eye_center_low", "nme_eye_center_high", "nme_eye_center_jittered_box", "auc_8e-2")


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


def page(table: pd.DataFrame, command: str, commit: str, device: torch.device) -> str:
    """The table as Markdown."""
    lines = [
        f"# Hourglass sizes\n\n`{command}` at `{commit}`, on {device.type}. All sizes saw the same photos in the"
    ]
    lines.append("same order; speeds are photos a second at batches of 16, all sizes in turns in one process.\n")
    lines.append(
        "| stacks x channels | parameters | NME (95% interval) | boxes off by 8% | AUC at 0.08 | predicts | trains |"
    )
    lines.append("|---|---|---|---|---|---|---|")
    for size, row in table.iterrows():
        nme = f"{row.nme_eye_center:.4f} ({row.nme_eye_center_low:.4f} to {row.nme_eye_center_high:.4f})"
        speeds = f"{row.predicted_per_s:.0f}/s | {row.trained_per_s:.0f}/s"
        jittered = f"{row.nme_eye_center_jittered_box:.4f}"
        lines.append(f"| {size} | {row.parameters:,.0f} | {nme} | {jittered} | {row['auc_8e-2']:.3f} | {speeds} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Runs every size and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stacks", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--channels", nargs="+", type=int, default=[64, 128])
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--name", default="sample", help="of the result files")
    options = parser.parse_args()
    refuse_unclean()
    params = load_params()
    sizes = {
        f"{stacks} x {channels}": params.landmarks.model_copy(update={"stacks": stacks, "channels": channels})
        for channels in options.channels
        for stacks in options.stacks
    }
    figures = {}
    try:
        for size, landmarks in sizes.items():
            name = f"hourglass-{landmarks.stacks}x{landmarks.channels}-{options.epochs}"
            chosen = {"stacks": landmarks.stacks, "channels": landmarks.channels, "epochs": options.epochs}
            commit = dvc_run(name, {f"landmarks.{key}": value for key, value in chosen.items()}, TARGET)
            with dvc.api.open(METRICS, rev=commit) as file:
                figures[size] = {key: value for key, value in json.load(file).items() if key in FIGURES}
    finally:
        restore()
    device = prepare(params.runtime)
    table = timed(sizes, device).join(pd.DataFrame(figures).T)
    stem = Path("docs/results") / f"landmark-sizes-{options.name}"
    command = f"python -m benchmarks.landmark_sizes --epochs {options.epochs} --name {options.name}"
    write_text(stem.with_suffix(".md"), page(table, command, revision(), device))
    write_text(stem.with_suffix(".csv"), table.to_csv(float_format="%.6g"))


if __name__ == "__main__":
    main()
