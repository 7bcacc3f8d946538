"""Both trainings on a GPU: as on a CPU, and without waiting for it. Skipped where there is none."""

import numpy as np
import pytest
import torch
from tiny_faces import make_aligned, tiny_params
from tiny_heads import MARGIN_LOSSES, batch, head_of
from tiny_landmarks import PARAMS, packed_set

from faceline.data.crops.params import CropParams
from faceline.landmarks.training import hourglass_training
from faceline.landmarks.training.hourglass_training import load_faces
from faceline.packed.sets import PackedSet
from faceline.recognition.heads.registry import loss_names
from faceline.recognition.training.augment import augment, draw
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import load_data
from faceline.training.checkpoint import Checkpoint

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="torch sees no GPU; docs/gpu.md has a way to one"
)
CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "aligned"
    make_aligned(folder)
    return folder


def trainer_of(aligned, root, params, device):
    data = load_data(PackedSet(aligned), params.recognition, 1, device)
    loss = getattr(params.losses, params.recognition.loss)
    return Trainer(params.recognition, loss, params.runtime, data, device, Checkpoint("recognition", root))


@pytest.mark.parametrize("loss", loss_names())
def test_no_step_waits_for_the_gpu(aligned, tmp_path, loss):
    trainer = trainer_of(aligned, tmp_path, tiny_params(loss, dropout=0.2), GPU)
    trainer._epoch(1)  # kernels are chosen, memory is taken
    steps = [trainer._load(planned) for planned in trainer._plan(2)]
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step, loaded in enumerate(steps, trainer._steps):
            trainer._step(step, *loaded)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_heads_agree_with_the_cpu(name):
    embeddings, labels = batch()
    found = []
    for device in (CPU, GPU):
        rows = embeddings.to(device).requires_grad_()
        head = head_of(name).eval().to(device)
        head(rows, labels.to(device)).loss.backward()
        found.append((rows.grad.cpu(), head.weight.grad.cpu()))
    for cpu, gpu in zip(*found, strict=True):
        assert torch.allclose(cpu, gpu, atol=1e-4)


def test_augmentation_agrees_with_the_cpu():
    drawn = draw(tiny_params().recognition.augmentation, 16, torch.Generator().manual_seed(1))
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (16, 3, 32, 32), dtype=np.uint8))
    cpu, gpu = (augment(images.to(device), drawn.on(device, (32, 32))).cpu() for device in (CPU, GPU))
    assert torch.allclose(cpu, gpu, atol=1e-3)


@pytest.mark.parametrize("precision", ["float32", "auto"])
def test_the_recogniser_learns_and_starts_as_on_the_cpu(aligned, tmp_path, precision):
    params = tiny_params(epochs=6, learning_rate=0.005, ema_decay=0.5, precision=precision)
    trained = trainer_of(aligned, tmp_path / "gpu", params, GPU).run()
    assert trained.best.figures["dev_tpr_at_fpr_1e-2"] > 0.5
    assert {tensor.device.type for tensor in trained.last.state.values()} == {"cpu"}
    first = trainer_of(aligned, tmp_path / "cpu", params.model_copy(), CPU)._epoch(1)[0]
    assert trained.curves[0]["train_loss"] == pytest.approx(first["train_loss"], rel=0.1)


def test_the_hourglass_learns_as_on_the_cpu(tmp_path):
    crops = packed_set(tmp_path / "set", 60, CropParams(context=0.3, max_px=384, jpeg_quality=95))
    losses = []
    for device in (CPU, GPU):
        torch.manual_seed(PARAMS.seed)
        faces = load_faces(crops, PARAMS, tmp_path)
        checkpoint = Checkpoint(f"tiny-{device.type}", tmp_path)
        trainer = hourglass_training.Trainer(PARAMS, *faces, device, tiny_params().runtime, checkpoint)
        losses.append(trainer.run().curves[0]["train_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
