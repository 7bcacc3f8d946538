"""An epoch never waits for the device, so that a GPU always has work before it."""

import pytest
import torch
from tiny_faces import make_aligned, tiny_params
from waits import counted_waits

from faceline.packed.sets import PackedSet
from faceline.recognition.heads.registry import loss_names
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import load_data
from faceline.training.checkpoint import Checkpoint

CPU = torch.device("cpu")
ALL = {"blur": 0.5, "low_resolution": 0.5, "erase": 0.5, "flip": 0.5, "hue": 0.1, "grey": 0.2, "crop_scale_min": 0.8}


def test_what_waits_is_counted():
    values = torch.arange(3.0)
    with counted_waits() as calls:
        float(values[1]), int(values[1]), bool(values[1]), values[1].item(), values.tolist(), values.cpu()
        values[values > 1], values.nonzero()
        values * 2 + values.sum()
    for name in ("__float__", "__int__", "__bool__", "item", "tolist", "cpu", "index", "nonzero"):
        assert name in calls
    before = len(calls)
    values.sum().item()
    assert len(calls) == before


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "aligned"
    make_aligned(folder)
    return folder


@pytest.mark.parametrize("loss", loss_names())
def test_an_epoch_reads_once_however_many_steps_it_has(aligned, tmp_path, loss):
    base = tiny_params(loss, batch_size=6, dropout=0.2)
    augmentation = base.recognition.augmentation.model_copy(update=ALL)
    params = base.recognition.model_copy(update={"augmentation": augmentation})
    data = load_data(PackedSet(aligned), params, 1, CPU)
    checkpoint = Checkpoint("recognition", tmp_path)
    trainer = Trainer(params, getattr(base.losses, loss), base.runtime, data, CPU, checkpoint)
    assert trainer._steps >= 3
    with counted_waits() as calls:
        trainer._epoch(1)
    # the mean loss over the processes, after the last step
    assert calls == ["__float__", "_local_scalar_dense"]
