"""What keeps a pretrained net near its start."""

import copy

import numpy as np
import pytest
import torch
from tiny_faces import make_aligned, tiny_params
from torch import nn

from faceline.core.errors import InputError
from faceline.packed.sets import PackedSet
from faceline.recognition.heads.registry import build_head
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer, normalise
from faceline.recognition.net.recognizer_file import save_recognizer
from faceline.recognition.training import recognizer_training
from faceline.recognition.training.fine_tuning import DistilledRecognizer, freeze, start_at_means
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import load_data
from faceline.recognition.training.untrained import untrained
from faceline.training.checkpoint import Checkpoint

CPU = torch.device("cpu")
STEADY = {"warmup_epochs": 0.0, "margin_warmup_epochs": 0.0, "ema_decay": 0.0}


def net_of(seed: int = 1, backbone: str = "mobilefacenet") -> EmbeddingNet:
    torch.manual_seed(seed)
    return EmbeddingNet(NetConfig(backbone, 16, 2, 0.0, 32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Aligned faces, and a recogniser that was trained on them a little."""
    folder = tmp_path_factory.mktemp("fine_tuning")
    make_aligned(folder / "aligned")
    params = tiny_params(epochs=3, learning_rate=0.005, ema_decay=0.5)
    trained = trainer_of(folder, folder / "before", params).run()
    save_recognizer(folder / "start.safetensors", trained.last.state, NetConfig.from_params(params.recognition), {})
    return folder


def data_of(folder, params):
    return load_data(PackedSet(folder / "aligned"), params.recognition, 1, CPU)


def trainer_of(folder, root, params, checkpoint=Checkpoint):
    loss = getattr(params.losses, params.recognition.loss)
    data = data_of(folder, params)
    return Trainer(params.recognition, loss, params.runtime, data, CPU, checkpoint("recognition", root))


def started(folder, root, loss="arcface", checkpoint=Checkpoint, **changes):
    params = tiny_params(loss, pretrained=str(folder / "start.safetensors"), **{**STEADY, **changes})
    return trainer_of(folder, root, params, checkpoint)


def state_of(trainer):
    return {name: tensor.clone() for name, tensor in trainer._recognizer.state_dict().items()}


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name]) and "num_batches" not in name}


@pytest.mark.parametrize(("share", "parts"), [(0.0, 0), (0.4, 2), (0.5, 3), (0.6, 4), (1.0, 6)])
def test_the_share_is_of_the_backbones_layers_from_the_photo_on(share, parts):
    net = net_of(backbone="spherenet4")
    net.backbone = nn.Sequential(*list(net.backbone)[:6])  # two convolutions, BatchNorms and PReLUs
    freeze(net, share)
    free = [any(w.requires_grad for w in layer.parameters()) for layer in net.backbone]
    assert free == [False] * parts + [True] * (6 - parts)
    assert all(w.requires_grad for w in [*net.pool.parameters(), *net.neck.parameters()])


def test_frozen_layers_keep_weights_and_statistics_and_others_do_not(folder, tmp_path):
    trainer = started(folder, tmp_path, frozen=0.5, epochs=1)
    optimised = {id(weight) for group in trainer._optimizer.param_groups for weight in group["params"]}
    assert optimised == {id(weight) for weight in trainer._recognizer.parameters() if weight.requires_grad}
    layers = [name for name, part in trainer._recognizer.named_modules() if list(part.parameters(recurse=False))]
    layers = [name for name in layers if name.startswith("net.backbone.")]
    first, rest = layers[: len(layers) // 2], layers[len(layers) // 2 + 1 :]
    before = state_of(trainer)
    trained = trainer.run()
    moved = {name.rpartition(".")[0] for name in changed(before, trained.last.state)}
    assert not moved & {*first}
    assert moved >= {*rest, "net.neck.1", "net.neck.2", "head"}


@pytest.mark.parametrize("kept", [False, True])
def test_frozen_batchnorm_keeps_statistics_and_nothing_else(folder, tmp_path, kept):
    trainer = started(folder, tmp_path, frozen_batchnorm=kept, epochs=1)
    before = state_of(trainer)
    moved = changed(before, trainer.run().last.state)
    statistics = {name for name in before if "running" in name}
    assert statistics
    assert moved & statistics == (set() if kept else statistics)
    assert moved >= set(dict(trainer._recognizer.named_parameters()))


@pytest.mark.parametrize("loss", ["arcface", "subcenter_arcface", "ce"])
def test_rows_start_at_the_mean_of_each_persons_embeddings(folder, loss):
    params = tiny_params(loss)
    data = data_of(folder, params)
    net = net_of(3)
    head = build_head(loss, getattr(params.losses, loss), len(data.people), 16)
    start_at_means(Recognizer(net, head), data, CPU)
    with torch.no_grad():
        raw = net.eval()(normalise(data.faces.batch(data.train))).double().numpy()
    unit = raw / np.sqrt((raw**2).sum(axis=1, keepdims=True))
    persons = data.persons[data.train]
    sums = [sum(row for row, whose in zip(unit, persons, strict=True) if whose == person) for person in data.people]
    expected = np.array([row / np.sqrt((row**2).sum()) for row in sums])
    rows = head.linear.weight if loss == "ce" else head.weight
    centers = 3 if loss == "subcenter_arcface" else 1
    assert np.allclose(rows.detach().numpy(), np.concatenate([expected] * centers), atol=1e-5)
    if loss == "ce":
        assert not head.linear.bias.any()


def test_a_loss_without_rows_says_so(folder, tmp_path):
    with pytest.raises(InputError, match=r"recognition\.head_start: .*use random"):
        started(folder, tmp_path, "triplet", head_start="means")


def test_the_pull_towards_the_start():
    net, params = net_of(), tiny_params().losses.arcface
    head = build_head("arcface", params, 4, 16)
    distilled, plain = DistilledRecognizer(net, head, 2.5).eval(), Recognizer(net, head).eval()
    assert distilled.state_dict().keys() == plain.state_dict().keys()
    assert {*map(id, distilled.parameters())} == {*map(id, plain.parameters())}
    images, labels = torch.rand(6, 3, 32, 32) * 2 - 1, torch.arange(6) % 4
    start = copy.deepcopy(net)
    unmoved = distilled(images, labels)
    assert unmoved.loss.item() == pytest.approx(plain(images, labels).loss.item(), abs=1e-5)
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
        a, b = (part(images).double().numpy() for part in (net, start))
    cosines = [x @ y / (np.sqrt(x @ x) * np.sqrt(y @ y)) for x, y in zip(a, b, strict=True)]
    moved = distilled(images, labels)
    distance = 1 - np.mean(cosines)
    assert distance > 0.01
    assert moved.statistics["distance_from_start"].item() == pytest.approx(distance, abs=1e-5)
    assert moved.loss.item() == pytest.approx(plain(images, labels).loss.item() + 2.5 * distance, abs=1e-4)
    assert distilled.double()(images.double(), labels).loss.dtype == torch.float64  # the start moves with the rest


def test_steps_end_nearer_to_the_start_the_harder_they_are_pulled():
    distances = []
    for weight in (0.0, 10.0, 100.0):
        net, generator = net_of(), torch.Generator().manual_seed(1)
        images, labels = torch.rand(12, 3, 32, 32, generator=generator) * 2 - 1, torch.arange(12) % 4
        with torch.no_grad():
            for _ in range(30):  # for BatchNorm's statistics: embeddings near 0 are turned anywhere by one step
                net.train()(images)
        head = build_head("arcface", tiny_params().losses.arcface, 4, 16)
        distilled = DistilledRecognizer(net, head, weight).eval()
        steps = torch.optim.SGD(distilled.parameters(), 0.001)
        for _ in range(20):
            steps.zero_grad()
            distilled(images, labels).loss.backward()
            steps.step()
        distances.append(distilled(images, labels).statistics["distance_from_start"].item())
    assert 0 < 2 * distances[2] < distances[1] < 0.75 * distances[0]


def test_the_start_is_epoch_0_and_stays_the_best_when_training_does_harm(folder, tmp_path, monkeypatch):
    falling = iter((0.9, 0.8, 0.7))
    monkeypatch.setattr(
        recognizer_training,
        "validate",
        lambda *_: {"val_accuracy": 0.5, "dev_tpr_at_fpr_1e-2": next(falling), "dev_auc": 0.9},
    )
    trained = started(folder, tmp_path, epochs=2).run()
    assert [row["epoch"] for row in trained.curves] == [0, 1, 2]
    assert [row["dev_tpr_at_fpr_1e-2"] for row in trained.curves] == [0.9, 0.8, 0.7]
    assert np.isnan(trained.curves[0]["train_loss"])
    assert (trained.best.epoch, trained.last.epoch) == (0, 2)
    params = tiny_params(pretrained=str(folder / "start.safetensors"), epochs=0)
    as_it_is = untrained(params.recognition, data_of(folder, params), CPU)
    assert as_it_is.best.epoch == as_it_is.last.epoch == 0
    (row,) = as_it_is.curves
    assert list(row) == list(trained.curves[0]) == list(trained.curves[1])
    assert {key: value for key, value in row.items() if not np.isnan(value)} == {"epoch": 0, **as_it_is.best.figures}
    net = {name: tensor for name, tensor in trained.best.state.items() if name.startswith("net.")}
    assert net.keys() == as_it_is.best.state.keys()
    assert not changed(net, as_it_is.best.state)
    assert changed(net, trained.last.state)


def test_weights_that_do_not_make_the_whole_net_are_not_taken_as_they_are(folder):
    params = tiny_params(pretrained=str(folder / "start.safetensors"), epochs=0, embedding_dim=8)
    with pytest.raises(InputError, match=r"recognition\.epochs: 0 takes .*does not fill neck\.1\.weight, neck\.2"):
        untrained(params.recognition, data_of(folder, params), CPU)


def test_a_killed_run_ends_the_same(folder, tmp_path):
    changes = {"head_start": "means", "frozen": 0.3, "distillation": 1.0, "frozen_batchnorm": True, "dropout": 0.2}
    whole = started(folder, tmp_path / "whole", **changes).run()

    class Killed(Checkpoint):
        def save(self, state):
            super().save(state)
            if state["curves"][-1]["epoch"] == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        started(folder, tmp_path / "killed", checkpoint=Killed, **changes).run()
    resumed = started(folder, tmp_path / "killed", **changes).run()
    assert str(resumed.curves) == str(whole.curves)
    assert [row["epoch"] for row in whole.curves] == [0, 1, 2, 3]
    assert not changed(resumed.last.state, whole.last.state)
    assert not changed(resumed.best.state, whole.best.state)
