"""Training of the recogniser: epochs, checkpoint choice, resumption, one process or several."""

import logging
import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from faceline.core.errors import FacelineError, InputError
from faceline.core.params import Group
from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track
from faceline.models.params import RuntimeParams
from faceline.models.runtime import seed_everything
from faceline.recognition.heads.base import LossOutput
from faceline.recognition.heads.cosine import CosineHead
from faceline.recognition.heads.registry import build_head
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig
from faceline.recognition.training.augment import Augmentation, AugmentationOnDevice, augment, draw
from faceline.recognition.training.fine_tuning import held_recognizer, keep_statistics, start_at_means
from faceline.recognition.training.optimizer import build_optimizer
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.precision import autocast
from faceline.recognition.training.pretrained import start_from
from faceline.recognition.training.shared_head import WEIGHT, SharedHead
from faceline.recognition.training.streaming import FacesStreamed
from faceline.recognition.training.trained import COLUMNS, Candidate, TrainedRecognizer, start_row
from faceline.recognition.training.training_data import TrainingData
from faceline.recognition.training.validation import DEV_TPR, NOT_TAKEN, at_least, validate
from faceline.training.averaging import AveragedWeights
from faceline.training.checkpoint import Checkpoint, Stateful
from faceline.training.processes import join
from faceline.training.schedule import warmup_cosine
from faceline.training.transfer import StepValues, to_device

log = logging.getLogger(__name__)

# what an epoch's random numbers are drawn for; never 0, with which a seed is the same as without a number
_ORDER, _AUGMENTATION, _NET = 1, 2, 3


class Trainer:
    """One training of one recogniser, or one process's part in it.

    Randomness is drawn anew for every epoch from (seed, epoch), and for a whole batch before the processes
    share it: neither a killed run nor the number of processes changes what is drawn. One exception: the blocks that
    EfficientNet's library skips at random are drawn by each process for its own share.
    """

    def __init__(
        self,
        params: RecognitionParams,
        loss_params: Group,
        runtime: RuntimeParams,
        data: TrainingData,
        device: torch.device,
        checkpoint: Checkpoint,
    ) -> None:
        """Draws the weights from `params.seed`.

        Args:
            loss_params: the parameters of the loss `params.loss`.

        Raises:
            InputError: batches that cannot be made or shared out, or pretrained weights that cannot be had.
        """
        self._params = params
        self._data = data
        self._device = device
        self._checkpoint = checkpoint
        self._labels = data.labels(data.train)
        self._processes = join(runtime, device)
        self._share = slice(self._processes.process_index, None, self._processes.num_processes)
        seed_everything(params.seed)
        net = EmbeddingNet(NetConfig.from_params(params))
        start_from(net, params.pretrained)
        head = build_head(params.loss, loss_params, len(data.people), params.embedding_dim)
        spread = params.sharded_head and self._processes.num_processes > 1
        if spread:
            assert isinstance(head, CosineHead)  # the parameters allow `sharded_head` with no other
            if len(data.people) < self._processes.num_processes:
                raise InputError(
                    f"recognition.sharded_head: {len(data.people)} people are fewer than the "
                    f"{self._processes.num_processes} processes that would share them"
                )
            head.keep_share(self._processes.process_index, self._processes.num_processes)
        recognizer = held_recognizer(net, head, params)
        if device.type == "cuda" and self._processes.num_processes > 1:
            recognizer = torch.nn.SyncBatchNorm.convert_sync_batchnorm(recognizer)
        self._recognizer = recognizer.to(device).to(memory_format=torch.channels_last)
        if params.head_start == "means":
            with autocast(params.precision, device):
                start_at_means(self._recognizer, data, device)
        self._ema = AveragedWeights(self._recognizer, params.ema_decay)
        self._optimizer = build_optimizer(self._recognizer, params)
        self._shared_head = SharedHead(self._recognizer, self._optimizer) if spread else None
        self._steps = len(self._batches(epoch=1))
        self._curves: list[dict] = []
        self._best: Candidate | None = None
        self._last: Candidate | None = None
        self._stateful: dict[str, Stateful] = {
            "recognizer": self._recognizer,
            "ema": self._ema,
            "optimizer": self._optimizer,
        }
        self._resume()
        self._wrapped, self._stepper = self._processes.prepare(self._recognizer, self._optimizer)

    def run(self, after_epoch: Callable[[list[dict]], None] = lambda curves: None) -> TrainedRecognizer | None:
        """Trains from the last finished epoch, or from the start, to the end.

        Args:
            after_epoch: called in the main process with the curves so far: at the start, and after each epoch, when
                its checkpoint is on disk.

        Returns:
            What was trained, in the main process, which validates and writes files; None in the others.

        Raises:
            FacelineError: the loss or the gradient is not finite, or the embeddings have collapsed.
        """
        if self._params.pretrained != "none" and not self._curves:
            self._curves.append(start_row(self._validate(epoch=0)))
        if self._processes.is_main_process:
            after_epoch(self._curves)
        for epoch in range(self._finished + 1, self._params.epochs + 1):
            started = time.perf_counter()
            row, waited_s = self._epoch(epoch)
            trained_s = time.perf_counter() - started
            self._curves.append(row | self._validate(epoch))
            state = self._state()
            if self._processes.is_main_process:
                self._checkpoint.save(state)
                after_epoch(self._curves)
                self._log_epoch(trained_s, waited_s, time.perf_counter() - started)
            self._processes.wait_for_everyone()
        if not self._processes.is_main_process:
            return None
        assert self._best is not None  # the last epoch is always validated
        assert self._last is not None
        return TrainedRecognizer(self._best, self._last, self._curves, self._sample())

    def _epoch(self, epoch: int) -> tuple[dict, float]:
        """One pass; returns its row of the curves, and the seconds that were spent waiting for photos."""
        self._recognizer.train()
        keep_statistics(self._recognizer, everywhere=self._params.frozen_batchnorm)
        # for dropout and the like; the same in all processes, as drawn_for_whole_batch needs it
        seed_everything(_seed(self._params.seed, epoch, _NET))
        plan = self._plan(epoch)
        if isinstance(self._data.faces, FacesStreamed):
            self._data.faces.expect(self._data.train[np.concatenate([batch[self._share] for batch, _ in plan])])
        batches = ordered_map(self._load, plan, workers=1, ahead=2)
        first = (epoch - 1) * self._steps
        values = StepValues(self._steps, self._device)
        waited_s, asked = 0.0, time.perf_counter()
        progress = track(batches, f"epoch {epoch}/{self._params.epochs}", self._steps, unit="step")
        for step, batch in enumerate(progress, first):
            waited_s += time.perf_counter() - asked
            values.put(self._step(step, *batch))
            self._check(first, values.arrived())
            asked = time.perf_counter()
        self._check(first, values.arrived(wait=True))
        return self._row(epoch, values.means()), waited_s

    def _step(self, step: int, pixels: Tensor, labels: Tensor, drawn: AugmentationOnDevice) -> dict[str, Tensor]:
        self._set_schedule(step)
        images = augment(pixels, drawn).contiguous(memory_format=torch.channels_last)
        with autocast(self._params.precision, self._device):
            output: LossOutput = self._wrapped(images, labels)
        self._stepper.zero_grad()
        self._processes.backward(output.loss)
        norm = self._clip(self._params.clip_norm)
        self._stepper.step()
        self._ema.update()
        return {"loss": output.loss.detach(), "grad_norm": norm.detach(), **output.statistics}

    def _clip(self, norm: float) -> Tensor:
        """Shortens the gradient to `norm` at most; returns how long it was."""
        if self._shared_head is not None:
            return self._shared_head.clip(norm)
        return self._processes.clip_grad_norm_(self._recognizer.parameters(), norm)

    def _set_schedule(self, step: int) -> None:
        params = self._params
        factor = warmup_cosine(step, params.epochs * self._steps, round(params.warmup_epochs * self._steps))
        for group in self._optimizer.param_groups:
            group["lr"] = params.learning_rate * factor
        growing = params.margin_warmup_epochs * self._steps
        self._recognizer.head.margin_factor = min(1.0, step / growing) if growing else 1.0

    def _batches(self, epoch: int) -> list[np.ndarray]:
        """Rows of `data.train` for each step of an epoch: a step's whole batch, a multiple of the processes."""
        rng = np.random.default_rng([self._params.seed, epoch, _ORDER])
        processes, head, size = self._processes.num_processes, self._recognizer.head, self._params.batch_size
        faces, train = self._data.faces, self._data.train
        order = faces.order(train, rng) if isinstance(faces, FacesStreamed) else None
        batches = head.batches(self._labels, size, rng, order)
        size = head.photos_per_step(size)
        if size % processes:
            raise InputError(
                f"recognition.batch_size: {size} photos cannot be shared by {processes} processes evenly"
            )
        batches = [batch[: len(batch) - len(batch) % processes] for batch in batches]
        if size < 2 * processes:
            raise InputError(f"recognition.batch_size: {size} photos; {processes} processes take two each at least")
        if len(batches[0]) < 2 * processes:
            raise InputError(f"{len(self._labels)} training photos are too few for {processes} processes")
        return batches

    def _plan(self, epoch: int) -> list[tuple[np.ndarray, Augmentation]]:
        """The batches of an epoch, and what happens to their photos."""
        generator = torch.Generator().manual_seed(_seed(self._params.seed, epoch, _AUGMENTATION))
        return [(batch, draw(self._params.augmentation, len(batch), generator)) for batch in self._batches(epoch)]

    def _load(self, planned: tuple[np.ndarray, Augmentation]) -> tuple[Tensor, Tensor, AugmentationOnDevice]:
        """This process's share of a step: pixels, labels, and what happens to the photos, all on the device."""
        batch, drawn = planned
        rows = batch[self._share]
        pixels = self._data.faces.batch(self._data.train[rows])
        if pixels.device != self._device:
            pixels = to_device(pixels, self._device)
        labels = to_device(torch.from_numpy(self._labels[rows]), self._device)
        return pixels, labels, drawn.part(self._share).on(self._device, pixels.shape[2:])

    def _check(self, first: int, arrived: list[tuple[int, dict[str, float]]]) -> None:
        """Stops where a step's numbers are not finite, or tell the head that training is of no use."""
        for step, values in arrived:
            if not (math.isfinite(values["loss"]) and math.isfinite(values["grad_norm"])):
                self._stop(first + step, values["loss"], values["grad_norm"])
            self._recognizer.head.check(values)

    def _stop(self, step: int, loss: float, norm: float) -> None:
        self._set_schedule(step)
        rate = self._optimizer.param_groups[0]["lr"]
        epochs, index = divmod(step, self._steps)
        rows = self._batches(epochs + 1)[index][self._share]
        ids = ", ".join(self._data.image_ids[self._data.train[rows]])
        raise FacelineError(
            f"training diverged: loss {loss}, gradient norm {norm} at step {step} with learning rate {rate:.3g}; "
            f"photos of the step: {ids}. Lower recognition.learning_rate or recognition.clip_norm, or raise "
            "recognition.warmup_epochs or margin_warmup_epochs"
        )

    def _row(self, epoch: int, means: dict[str, float]) -> dict:
        loss = torch.tensor([means["loss"]], dtype=torch.float64, device=self._device)
        values = (
            epoch,
            self._optimizer.param_groups[0]["lr"],
            self._recognizer.head.margin_factor,
            float(self._processes.gather(loss).mean()),
            math.degrees(means.get("target_angle_rad", math.nan)),
            means.get("active_share", math.nan),
            means.get("mean_distance", math.nan),
            means["grad_norm"],
        )
        distilled = {key: means[key] for key in ("distance_from_start",) if key in means}
        return dict(zip(COLUMNS, values, strict=True)) | distilled

    @property
    def _finished(self) -> int:
        """The last finished epoch; 0 before the first."""
        return self._curves[-1]["epoch"] if self._curves else 0

    def _validate(self, epoch: int) -> dict:
        """Takes the averaged weights' figures, if it is time, and keeps the weights if they are the best yet."""
        due = epoch % self._params.evaluate_every == 0 or epoch == self._params.epochs
        if not due:
            return NOT_TAKEN
        averaged = self._ema.averaged
        state = averaged.state_dict()
        if self._shared_head is not None:
            state[WEIGHT] = self._shared_head.gather(state[WEIGHT])
        if not self._processes.is_main_process:
            return {}
        with autocast(self._params.precision, self._device):
            figures = validate(averaged.net, self._data, self._device)
        state = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        self._last = Candidate(epoch, figures, state)
        if self._best is None or at_least(figures, self._best.figures):
            self._best = self._last
        return figures

    def _sample(self, photos: int = 32) -> Tensor:
        """The first photos of the first step, as the net saw them."""
        rows, drawn = self._plan(epoch=1)[0]
        pixels = self._data.faces.batch(self._data.train[rows[:photos]])
        return augment(pixels, drawn.part(slice(photos)).on(pixels.device, pixels.shape[2:])).cpu()

    def _state(self) -> dict:
        best, last = (candidate and candidate._asdict() for candidate in (self._best, self._last))
        states = {name: part.state_dict() for name, part in self._stateful.items()}
        if self._shared_head is not None:
            states = self._shared_head.whole(states)
        return {**states, "curves": self._curves, "best": best, "last": last}

    def _resume(self) -> None:
        """Takes up a killed run after its last finished epoch."""
        state = self._checkpoint.load()
        if state is None:
            return
        states = {name: state[name] for name in self._stateful}
        if self._shared_head is not None:
            states = self._shared_head.part(states)
        for name, part in self._stateful.items():
            part.load_state_dict(states[name])
        self._curves = state["curves"]
        self._best, self._last = (saved and Candidate(**saved) for saved in (state["best"], state["last"]))
        log.info("resuming after epoch %d of %d", self._finished, self._params.epochs)

    def _log_epoch(self, trained_s: float, waited_s: float, whole_s: float) -> None:
        row, epoch, epochs = self._curves[-1], self._finished, self._params.epochs
        dev = "" if math.isnan(row[DEV_TPR]) else f", dev TPR@1% {row[DEV_TPR]:.3f}"
        photos_per_s = sum(map(len, self._batches(epoch))) / trained_s
        log.info(
            f"epoch {epoch}/{epochs}: loss {row['train_loss']:.3f}{dev}, {photos_per_s:.0f} photos/s, "
            f"{waited_s / trained_s:.1%} of it waiting for photos, {whole_s * (epochs - epoch) / 60:.1f} min left"
        )


def _seed(*parts: int) -> int:
    """One seed out of several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint32)[0])
