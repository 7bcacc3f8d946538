"""Training of the recogniser against the machine's limit, as ratios within one run.

    python -m benchmarks.recognition [--variant sample] [--only heads] [--rounds 5]

- step: a whole training step (photos from memory, augmentation, loss, clipping, optimiser, running average) over
  a bare one (forward, backward and optimiser step on a batch that lies ready). Goal: 1.05 at most.
- wait: the part of an epoch that was spent waiting for photos, in memory, decoded batch by batch, and read from disk
  and decoded batch by batch. Goal: under 5%.
- head: forward and backward of a margin head over those of a plain linear layer of as many outputs with cross
  entropy, at 10,000 people and 512 photos. Goal: 1.25 at most.

Rounds of the two sides alternate and medians are compared, so that a busy machine hits both alike.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.alternating import record
from faceline.imaging.images import encode_jpeg
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.recognition.heads.cosine import CosineHead
from faceline.recognition.heads.registry import build_head, loss_head, loss_names
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from faceline.recognition.training.optimizer import build_optimizer
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.training.precision import autocast
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.streaming import FacesStreamed
from faceline.recognition.training.training_data import Faces, FacesDecoded, FacesInMemory, TrainingData
from faceline.settings.schema import Params, load_params
from faceline.settings.variants import load_variant
from faceline.training.checkpoint import Checkpoint

PEOPLE, BATCH, DIM = 10_000, 512, 512
MARGIN_LOSSES = [name for name in loss_names() if issubclass(loss_head(name), CosineHead)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--variant", help="one of params/ instead")
    parser.add_argument("--only", choices=("steps", "heads"))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    params = load_variant(arguments.variant) if arguments.variant else load_params(arguments.params)
    device = prepare(params.runtime)
    print(f"{'what':44} {'ratio':>7}  goal")
    backbone = params.recognition.backbone
    if arguments.only != "heads":
        steps, waits = bench_steps(params, device, arguments.rounds)
        print(f"{f'training step / bare step ({backbone})':44} {median(steps):7.3f}  <= 1.05")
        for source, shares in waits.items():
            print(f"{f'waiting for photos / epoch ({source})':44} {median(shares):7.3f}  < 0.05")
        record(
            {f"step_{backbone}": steps} | {f"wait_{backbone}_{source}": shares for source, shares in waits.items()}
        )
    if arguments.only != "steps":
        heads = bench_heads(params, device, arguments.rounds)
        for name, ratios in heads.items():
            print(f"{f'{name} head / linear layer':44} {median(ratios):7.3f}  <= 1.25")
        record({f"head_{name}": ratios for name, ratios in heads.items()})


def bench_steps(params: Params, device: torch.device, rounds: int) -> tuple[list[float], dict[str, list[float]]]:
    """The step's ratio, and the share of waiting by where photos come from, each round."""
    recognition = params.recognition.model_copy(update={"epochs": rounds + 1})
    steps = 8
    rng = np.random.default_rng(1)
    count, px = steps * recognition.batch_size, recognition.input_px
    images = torch.from_numpy(rng.integers(0, 256, (count, 3, px, px), dtype=np.uint8))
    encoded = [encode_jpeg(image.permute(1, 2, 0).numpy(), 95) for image in images]
    in_memory = _trainer(params, recognition, FacesInMemory(images.to(device)), count, device)
    decoded = _trainer(params, recognition, FacesDecoded(encoded, px, params.runtime.workers), count, device)
    streamed = _trainer(params, recognition, _streamed(encoded, px, params.runtime.workers), count, device)
    batch = torch.rand(recognition.batch_size, 3, px, px, device=device)
    batch = batch.contiguous(memory_format=torch.channels_last)
    labels = torch.arange(recognition.batch_size, device=device) % 40
    bare = _bare_step(in_memory, params, batch, labels)
    ratios: list[float] = []
    waits: dict[str, list[float]] = {"memory": [], "decoded": [], "streamed": []}
    for epoch in range(1, rounds + 2):
        for source, trainer in zip(waits, (in_memory, decoded, streamed), strict=True):
            seconds, waited = _epoch(trainer, epoch, device)
            waits[source].append(waited / seconds)
            if trainer is in_memory:
                ratios.append(seconds / _seconds(lambda: [bare() for _ in range(steps)], device))
    # the first round warms up
    return ratios[1:], {source: shares[1:] for source, shares in waits.items()}


def bench_heads(params: Params, device: torch.device, rounds: int) -> dict[str, list[float]]:
    """Each margin head's time over a linear layer's, each round."""
    torch.manual_seed(1)
    embeddings = torch.randn(BATCH, DIM, device=device, requires_grad=True)
    labels = torch.randint(PEOPLE, (BATCH,), device=device)
    ratios = {}
    for name in MARGIN_LOSSES:
        head = build_head(name, getattr(params.losses, name), PEOPLE, DIM).to(device)
        # several centres a person are as many outputs
        linear = nn.Linear(DIM, len(head.weight)).to(device)

        def plain(linear: nn.Module = linear) -> None:
            F.cross_entropy(linear(embeddings), labels).backward()

        def margin(head: nn.Module = head) -> None:
            head(embeddings, labels).loss.backward()

        pairs = [(_seconds(margin, device), _seconds(plain, device)) for _ in range(rounds + 1)]
        ratios[name] = [ours / theirs for ours, theirs in pairs[1:]]
    return ratios


def _epoch(trainer: Trainer, epoch: int, device: torch.device) -> tuple[float, float]:
    """Seconds of an epoch, and of its waiting for photos."""
    waited: list[float] = []
    seconds = _seconds(lambda: waited.append(trainer._epoch(epoch)[1]), device)
    return seconds, waited[0]


def _streamed(encoded: list[bytes], px: int, workers: int) -> FacesStreamed:
    """The photos from a packed set, whose files stay open."""
    with tempfile.TemporaryDirectory() as folder:
        with PackedWriter(Path(folder)) as writer:
            writer.write(pd.DataFrame({"image_id": [f"{number}.jpg" for number in range(len(encoded))]}), encoded)
        budget = sum(map(len, encoded)) // 4
        return FacesStreamed(PackedSet(Path(folder)), np.arange(len(encoded)), px, budget, workers)


def _trainer(
    params: Params, recognition: RecognitionParams, faces: Faces, count: int, device: torch.device
) -> Trainer:
    positions = np.arange(count)
    ids, persons, people = positions.astype(str), positions % 40, list(range(40))
    data = TrainingData(faces, ids, persons, people, train=positions, val=positions[:0], dev=positions)
    with tempfile.TemporaryDirectory() as folder:
        return Trainer(
            recognition,
            getattr(params.losses, recognition.loss),
            params.runtime,
            data,
            device,
            Checkpoint("benchmark", Path(folder)),
        )


def _bare_step(trainer: Trainer, params: Params, images: torch.Tensor, labels: torch.Tensor) -> Callable[[], None]:
    """A second net of the same kind, trained without any of the rest.

    It hardly moves: a net that knows its one batch by heart has gradients so small that a CPU is slow with them.
    """
    torch.manual_seed(1)
    recognition = params.recognition
    net = EmbeddingNet(NetConfig.from_params(recognition))
    head = build_head(recognition.loss, getattr(params.losses, recognition.loss), 40, recognition.embedding_dim)
    module = Recognizer(net, head).to(images.device, memory_format=torch.channels_last).train()
    optimizer = build_optimizer(module, recognition.model_copy(update={"learning_rate": 1e-9}))

    def step() -> None:
        optimizer.zero_grad()
        with autocast(recognition.precision, images.device):
            loss = module(images, labels).loss
        loss.backward()
        optimizer.step()

    return step


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
