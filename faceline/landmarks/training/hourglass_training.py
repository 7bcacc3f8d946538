"""Training of the hourglass: epochs, checkpoint choice, resumption, one process or several."""

import copy
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from faceline.core.errors import FacelineError, InputError
from faceline.imaging.progress import track
from faceline.landmarks.errors.nme import nme_eye_center
from faceline.landmarks.net.codec import STRIDE, Codec
from faceline.landmarks.net.hourglass import MEAN, STD, HourglassConfig, StackedHourglass, normalised
from faceline.landmarks.training.net_inputs import NetInputs
from faceline.landmarks.training.params import LandmarkParams
from faceline.models.params import RuntimeParams
from faceline.packed.sets import PackedSet
from faceline.training.averaging import AveragedWeights
from faceline.training.checkpoint import Checkpoint, Stateful
from faceline.training.processes import join
from faceline.training.schedule import warmup_cosine
from faceline.training.transfer import StepValues, to_device
from faceline.windows.windows import transform

SCRATCH = Path(".faceline/scratch")
# what an epoch's random numbers are drawn for; never 0, with which a seed is the same as without a number
_ORDER, _FACES = 1, 2

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
    heatmaps: list[torch.Tensor],
    targets: torch.Tensor,
    weights: torch.Tensor,
    sigma_px: float,
    points: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over stacks of the squared heatmap error in units of a target's own energy.

    A Gaussian of peak 1 has the energy sum(h^2) = pi sigma^2. In its units an empty heatmap costs 1 and a perfect
    one 0 at every size and spread, while a mean over pixels would be some 1e-4 and drown in the optimizer's epsilon.

    Args:
        heatmaps: predictions of each stack, (n, k, h, h).
        targets: (n, k, h, h).
        weights: (n, k), 0 for points that are not in the input.
        points: how many the loss is a mean over, a scalar; by default those of these inputs.
    """
    energy = math.pi * sigma_px**2 * (weights.sum() if points is None else points).clamp(min=1)
    errors = [((one - targets).square().sum(dim=(2, 3)) * weights).sum() / energy for one in heatmaps]
    return torch.stack(errors).mean()


class Trainer:
    """One training of one net on one set of faces, or one process's part in it.

    Batches are drawn whole and dealt out, and a face's randomness is its own, so the number of processes changes
    nothing but the last bits; on a CPU also BatchNorm's statistics, which are those of a process's own share there.
    """

    def __init__(
        self,
        params: LandmarkParams,
        train: NetInputs,
        dev: NetInputs,
        device: torch.device,
        runtime: RuntimeParams,
        checkpoint: Checkpoint,
    ) -> None:
        """Builds the net; its weights come from torch's generator, which the caller has seeded.

        Raises:
            InputError: a batch cannot be dealt out to the processes evenly, or there are other processes than
                `runtime` says.
        """
        self._params, self._train, self._dev = params, train, dev
        self._device, self._workers, self._checkpoint = device, runtime.workers, checkpoint
        self._processes = join(runtime, device)
        self._share = slice(self._processes.process_index, None, self._processes.num_processes)
        self.config = net_config(params)
        self._codec = Codec(params.input_px, params.sigma_px)
        net = StackedHourglass(self.config)
        if device.type == "cuda" and self._processes.num_processes > 1:
            net = torch.nn.SyncBatchNorm.convert_sync_batchnorm(net)
        self._net = net.to(device).to(memory_format=torch.channels_last)
        self._averaged = AveragedWeights(self._net, params.ema_decay)
        self._best = copy.deepcopy(self._averaged.averaged)
        self._optimizer = torch.optim.AdamW(
            self._net.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay, fused=True
        )
        self._saved: dict[str, Stateful] = {
            "net": self._net,
            "ema": self._averaged,
            "best": self._best,
            "optimizer": self._optimizer,
        }
        self._batch_size = _shared_size(min(params.batch_size, len(train)), params, self._processes.num_processes)
        self._steps = len(train) // self._batch_size
        self._curves: list[dict] = []
        self._best_epoch = 0
        self._waited_s = self._worked_s = 0.0
        self._resume()
        self._wrapped, self._stepper = self._processes.prepare(self._net, self._optimizer)

    def run(self, after_epoch: Callable[[list[dict]], None] = lambda curves: None) -> TrainedHourglass | None:
        """Trains from the last finished epoch, or from the start, to the end.

        Args:
            after_epoch: called in the main process with the curves so far: at the start, and after each epoch, when
                its checkpoint is on disk.

        Returns:
            What was trained, in the main process, which measures and writes files; None in the others.

        Raises:
            FacelineError: the loss or the gradient is not finite.
        """
        if self._processes.is_main_process:
            after_epoch(self._curves)
        for epoch in range(len(self._curves) + 1, self._params.epochs + 1):
            worked_s = self._worked_s
            loss = self._epoch(epoch)
            if self._processes.is_main_process:
                self._finish(epoch, loss, self._worked_s - worked_s)
                after_epoch(self._curves)
            self._processes.wait_for_everyone()
        if not self._processes.is_main_process:
            return None
        last = self._curves[-1]["dev_nme"]
        share = self._waited_s / self._worked_s if self._worked_s else 0.0
        return TrainedHourglass(self._best, self._best_epoch, self._best_nme, last, self._curves, share)

    def _finish(self, epoch: int, loss: float, seconds: float) -> None:
        """Measures an epoch, keeps its weights if they are the best yet, saves and tells."""
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
        parts = [batch[self._share] for batch in self._batches(epoch)]
        batches = self._train.batches(
            parts, (self._params.seed, epoch, _FACES), self._params.augmentation, self._workers
        )
        first, values = (epoch - 1) * self._steps, StepValues(self._steps, self._device)
        begun = asked = time.perf_counter()
        progress = track(range(self._steps * self._batch_size), f"epoch {epoch}/{self._params.epochs}")
        for step, (_, pixels, points) in enumerate(batches, first):
            self._waited_s += time.perf_counter() - asked
            values.put(self._step(step, pixels, points))
            self._check_finite(first, values.arrived())
            progress.update(self._batch_size)
            asked = time.perf_counter()
        self._check_finite(first, values.arrived(wait=True))
        progress.close()
        self._worked_s += time.perf_counter() - begun
        loss = torch.tensor(values.means()["loss"], dtype=torch.float64, device=self._device)
        return self._processes.reduce(loss, "mean").item()

    def _batches(self, epoch: int) -> list[np.ndarray]:
        """The rows of each step, of all processes."""
        order = np.random.default_rng([self._params.seed, epoch, _ORDER]).permutation(len(self._train))
        return [order[step * self._batch_size :][: self._batch_size] for step in range(self._steps)]

    def _learning_rate(self, step: int) -> float:
        params = self._params
        factor = warmup_cosine(step, params.epochs * self._steps, round(params.warmup_epochs * self._steps))
        return params.learning_rate * factor

    def _step(self, step: int, pixels: np.ndarray, points: np.ndarray) -> dict[str, torch.Tensor]:
        params = self._params
        for group in self._optimizer.param_groups:
            group["lr"] = self._learning_rate(step)
        targets, weights = self._codec.encode(to_device(torch.from_numpy(points), self._device))
        images = to_device(torch.from_numpy(pixels), self._device)
        heatmaps = self._wrapped(normalised(images, MEAN, STD, self._device))
        # gradients are averaged over the processes, whose shares may have points outside the input
        inside = self._processes.reduce(weights.sum(), "mean")
        loss = heatmap_loss(heatmaps, targets, weights, params.sigma_px, inside)
        self._stepper.zero_grad()
        self._processes.backward(loss)
        norm = self._processes.clip_grad_norm_(self._net.parameters(), params.clip_norm)
        self._stepper.step()
        self._averaged.update()
        return {"loss": loss.detach(), "grad_norm": norm.detach()}

    def _check_finite(self, first: int, arrived: list[tuple[int, dict[str, float]]]) -> None:
        for index, values in arrived:
            loss, norm = values["loss"], values["grad_norm"]
            if math.isfinite(loss) and math.isfinite(norm):
                continue
            step = first + index
            rows = self._batches(step // self._steps + 1)[index][self._share]
            ids = ", ".join(self._train.rows["image_id"].iloc[rows])
            raise FacelineError(
                f"landmark training diverged: loss {loss}, gradient norm {norm} at step {step} with learning rate "
                f"{self._learning_rate(step):.3g}; photos of the step: {ids}. Lower landmarks.learning_rate or "
                "clip_norm."
            )

    def _resume(self) -> None:
        """Takes up a killed run. All randomness is drawn from (seed, epoch, face), so none is part of the state."""
        state = self._checkpoint.load()
        if state is None:
            return
        for name, part in self._saved.items():
            part.load_state_dict(state[name])
        self._best_epoch, self._curves = state["best_epoch"], state["curves"]
        log.info("resuming after epoch %d of %d", len(self._curves), self._params.epochs)


def _shared_size(size: int, params: LandmarkParams, processes: int) -> int:
    """Faces a step, over all processes; InputError where they do not get equally many."""
    if params.batch_size % processes or size < processes:
        raise InputError(
            f"landmarks.batch_size: {params.batch_size}, or the {size} faces that there are, cannot be shared by "
            f"{processes} processes evenly"
        )
    if params.input_px // STRIDE == 2**params.depth and size < 2 * processes:
        raise InputError(
            f"landmarks.batch_size: {size} faces a step over {processes} processes, and one face has no BatchNorm "
            "statistics where the innermost map is one pixel: take more, or a smaller landmarks.depth"
        )
    return size - size % processes


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
