"""Training of the hourglass: epochs, checkpoint choice, resumption; and what it leaves for people to look at."""

import copy
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from faceline.core.errors import FacelineError, InputError
from faceline.imaging.progress import track
from faceline.landmarks.errors.nme import nme_eye_center
from faceline.landmarks.net.codec import STRIDE, Codec
from faceline.landmarks.net.hourglass import MEAN, STD, HourglassConfig, StackedHourglass, normalised
from faceline.landmarks.training.net_inputs import NetInputs
from faceline.landmarks.training.params import LandmarkParams
from faceline.packed.sets import PackedSet
from faceline.pictures.sheets import TRUTH, sheet, with_points, write_png
from faceline.training.averaging import AveragedWeights
from faceline.training.checkpoint import Checkpoint, Stateful
from faceline.training.curves import write_curves
from faceline.training.schedule import warmup_cosine
from faceline.windows.windows import transform

SCRATCH = Path(".faceline/scratch")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainedHourglass:
    """What a training gives.

    Attributes:
        net: the averaged weights of the epoch that was best on the dev faces.
        epoch: that epoch, from 1.
        dev_nme: its NME over the dev faces (by eye distance).
        last_dev_nme: the same after the last epoch.
        curves: one dict an epoch: epoch, learning_rate, train_loss, dev_nme.
        wait_share: part of the time in this process that training waited for data, 0..1.
    """

    net: StackedHourglass
    epoch: int
    dev_nme: float
    last_dev_nme: float
    curves: list[dict]
    wait_share: float


def heatmap_loss(
    heatmaps: list[torch.Tensor], targets: torch.Tensor, weights: torch.Tensor, sigma_px: float
) -> torch.Tensor:
    """Mean over stacks of the squared heatmap error in units of a target's own energy.

    A Gaussian of peak 1 has the energy sum(h^2) = pi sigma^2. In its units an empty heatmap costs 1 and a perfect
    one 0 at every size and spread, while a mean over pixels would be some 1e-4 and drown in the optimizer's epsilon.

    Args:
        heatmaps: predictions of each stack, (n, k, h, h).
        targets: (n, k, h, h).
        weights: (n, k), 0 for points that are not in the input.
    """
    energy = math.pi * sigma_px**2 * weights.sum().clamp(min=1)
    errors = [((one - targets).square().sum(dim=(2, 3)) * weights).sum() / energy for one in heatmaps]
    return torch.stack(errors).mean()


class Trainer:
    """One training of one net on one set of faces."""

    def __init__(
        self,
        params: LandmarkParams,
        train: NetInputs,
        dev: NetInputs,
        device: torch.device,
        workers: int,
        checkpoint: Checkpoint,
    ) -> None:
        """Builds the net; its weights come from torch's generator, which the caller has seeded."""
        self._params, self._train, self._dev = params, train, dev
        self._device, self._workers, self._checkpoint = device, workers, checkpoint
        self.config = net_config(params)
        self._codec = Codec(params.input_px, params.sigma_px)
        self._net = StackedHourglass(self.config).to(device).to(memory_format=torch.channels_last)
        self._averaged = AveragedWeights(self._net, params.ema_decay)
        self._best = copy.deepcopy(self._averaged.averaged)
        self._optimizer = torch.optim.AdamW(
            self._net.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        self._saved: dict[str, Stateful] = {
            "net": self._net,
            "ema": self._averaged,
            "best": self._best,
            "optimizer": self._optimizer,
        }
        self._batch_size = min(params.batch_size, len(train))
        self._steps = len(train) // self._batch_size
        self._curves: list[dict] = []
        self._best_epoch = 0
        self._waited_s = self._worked_s = 0.0

    def run(self, after_epoch: Callable[[list[dict]], None] = lambda curves: None) -> TrainedHourglass:
        """Trains from the last finished epoch, or from the start, to the end.

        Args:
            after_epoch: called with the curves so far: at the start, and after each epoch, when its checkpoint is on
                disk.

        Raises:
            FacelineError: the loss or the gradient is not finite.
        """
        self._resume()
        after_epoch(self._curves)
        for epoch in range(len(self._curves) + 1, self._params.epochs + 1):
            worked_s = self._worked_s
            loss = self._epoch(epoch)
            seconds = self._worked_s - worked_s
            dev_nme = self.dev_nme()
            if not self._curves or dev_nme < self._best_nme:
                self._best_epoch = epoch
                self._best.load_state_dict(self._averaged.averaged.state_dict())
            rate = self._optimizer.param_groups[0]["lr"]
            self._curves.append({"epoch": epoch, "learning_rate": rate, "train_loss": loss, "dev_nme": dev_nme})
            own = {"best_epoch": self._best_epoch, "curves": self._curves}
            self._checkpoint.save({name: part.state_dict() for name, part in self._saved.items()} | own)
            left_min = seconds * (self._params.epochs - epoch) / 60
            log.info(
                f"epoch {epoch}/{self._params.epochs}: loss {loss:.4f}, dev NME {dev_nme:.4f}, "
                f"{self._steps * self._batch_size / seconds:.0f} photos/s, "
                f"{self._waited_s / self._worked_s:.0%} waiting for data, {left_min:.1f} min left"
            )
            after_epoch(self._curves)
        last = self._curves[-1]["dev_nme"]
        share = self._waited_s / self._worked_s if self._worked_s else 0.0
        return TrainedHourglass(self._best, self._best_epoch, self._best_nme, last, self._curves, share)

    @torch.inference_mode()
    def dev_nme(self) -> float:
        """NME of the averaged weights over the dev faces, as their boxes frame them."""
        predicted = []
        for start in range(0, len(self._dev), 64):
            rows = np.arange(start, min(start + 64, len(self._dev)))
            inputs = normalised(self._dev.plain(rows), MEAN, STD, self._device)
            points, _ = self._codec.decode(self._averaged.averaged(inputs)[-1])
            predicted.append(transform(self._dev.to_photo(rows), points.cpu().numpy()))
        return float(nme_eye_center(np.concatenate(predicted), self._dev.points).mean())

    @property
    def _best_nme(self) -> float:
        return self._curves[self._best_epoch - 1]["dev_nme"]

    def _epoch(self, epoch: int) -> float:
        """One pass; returns the mean loss."""
        self._net.train()
        order = np.random.default_rng([self._params.seed, epoch]).permutation(len(self._train))
        parts = [order[step * self._batch_size :][: self._batch_size] for step in range(self._steps)]
        batches = self._train.batches(parts, (self._params.seed, epoch), self._params.augmentation, self._workers)
        total = 0.0
        begun = asked = time.perf_counter()
        progress = track(range(self._steps * self._batch_size), f"epoch {epoch}/{self._params.epochs}")
        for step, (rows, pixels, points) in enumerate(batches, (epoch - 1) * self._steps):
            self._waited_s += time.perf_counter() - asked
            total += self._step(step, rows, pixels, points)
            progress.update(len(rows))
            asked = time.perf_counter()
        progress.close()
        self._worked_s += asked - begun
        return total / self._steps

    def _step(self, step: int, rows: np.ndarray, pixels: np.ndarray, points: np.ndarray) -> float:
        params = self._params
        factor = warmup_cosine(step, params.epochs * self._steps, round(params.warmup_epochs * self._steps))
        learning_rate = params.learning_rate * factor
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        targets, weights = self._codec.encode(torch.from_numpy(points).to(self._device))
        heatmaps = self._net(normalised(pixels, MEAN, STD, self._device))
        loss = heatmap_loss(heatmaps, targets, weights, params.sigma_px)
        self._optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._net.parameters(), params.clip_norm)
        value = loss.item()
        if not (math.isfinite(value) and math.isfinite(norm.item())):
            ids = ", ".join(self._train.rows["image_id"].iloc[rows])
            raise FacelineError(
                f"landmark training diverged: loss {value}, gradient norm {norm.item()} at step {step} with learning "
                f"rate {learning_rate:.3g}; photos of the step: {ids}. Lower landmarks.learning_rate or clip_norm."
            )
        self._optimizer.step()
        self._averaged.update()
        return value

    def _resume(self) -> None:
        """Takes up a killed run. All randomness is drawn from (seed, epoch, face), so none is part of the state."""
        state = self._checkpoint.load()
        if state is None:
            return
        for name, part in self._saved.items():
            part.load_state_dict(state[name])
        self._best_epoch, self._curves = state["best_epoch"], state["curves"]
        log.info("resuming after epoch %d of %d", len(self._curves), self._params.epochs)


def net_config(params: LandmarkParams) -> HourglassConfig:
    """The net's part of the parameters; InputError where `landmarks.depth` halvings do not fit into the heatmap."""
    side = params.input_px // STRIDE
    if side % 2**params.depth:
        raise InputError(
            f"landmarks.depth: {params.depth} halvings do not divide the heatmap's {side} px "
            f"(input_px / {STRIDE}); lower depth or raise input_px"
        )
    return HourglassConfig(params.stacks, params.channels, params.depth, params.input_px, params.sigma_px)


def load_faces(crops: PackedSet, params: LandmarkParams, scratch: Path = SCRATCH) -> tuple[NetInputs, NetInputs]:
    """The train and dev faces of a landmark set; InputError where a split is empty."""

    def faces(split: str, closest: float) -> NetInputs:
        rows = np.flatnonzero((crops.rows["split"] == split).to_numpy())
        if not len(rows):
            raise InputError(f"the landmark set has no {split} faces; crop_landmarks makes them")
        return NetInputs(crops, rows, params.margin, params.input_px, closest, scratch)

    return faces("train", 1 - params.augmentation.scale), faces("dev", 1.0)


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
