"""Training: it learns, resumes to the same bytes, stops when it diverges, and is one however it is shared."""

import numpy as np
import pytest
import shared_training
import torch
from processes import run_in_processes
from pydantic import ValidationError
from shared_training import RUNS, run_training
from tiny_faces import make_aligned, tiny_params

from faceline.core.errors import FacelineError, InputError
from faceline.packed.sets import PackedSet
from faceline.recognition.heads.registry import loss_names
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.training_data import load_data
from faceline.recognition.training.validation import at_least
from faceline.training.checkpoint import Checkpoint
from faceline.training.curves import CURVES, write_curves

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "aligned"
    make_aligned(folder)
    return folder


def trainer_of(aligned, root, params, checkpoint=Checkpoint):
    data = load_data(PackedSet(aligned), params.recognition, 1, CPU)
    loss = getattr(params.losses, params.recognition.loss)
    return Trainer(params.recognition, loss, params.runtime, data, CPU, checkpoint("recognition", root))


def same_states(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_data_is_what_the_roles_say(aligned):
    packed = PackedSet(aligned)
    data = load_data(packed, tiny_params().recognition, 1, CPU)
    assert len(data.people) == 6
    assert (len(data.train), len(data.val), len(data.dev)) == (36, 12, 12)
    rows = packed.rows.set_index("image_id").loc[data.image_ids]
    assert set(rows["role"].iloc[data.train]) == {"train"}
    assert set(rows["split"].iloc[data.train]) == {"train"}
    assert set(rows["role"].iloc[data.dev]) == {"dev"}
    assert not set(data.persons[data.dev]) & set(data.people)
    assert [data.people[label] for label in data.labels(data.train)] == data.persons[data.train].tolist()
    streamed = load_data(packed, tiny_params(memory_budget_mb=1, input_px=112).recognition, 1, CPU)
    kept = load_data(packed, tiny_params(input_px=112).recognition, 1, CPU)
    assert type(streamed.faces) is not type(kept.faces)
    some = np.array([3, 0, 7])
    assert torch.equal(streamed.faces.batch(some), kept.faces.batch(some))


def test_too_little_to_train_on_is_said(aligned):
    packed = PackedSet(aligned)
    packed.rows = packed.rows.assign(role="query")
    with pytest.raises(InputError, match="0 people to train on"):
        load_data(packed, tiny_params().recognition, 1, CPU)
    packed = PackedSet(aligned)
    packed.rows = packed.rows[packed.rows["role"] != "dev"]
    with pytest.raises(InputError, match="0 photos of 0 dev people"):
        load_data(packed, tiny_params().recognition, 1, CPU)


@pytest.mark.parametrize("loss", loss_names())
def test_every_loss_learns(aligned, tmp_path, loss):
    trainer = trainer_of(aligned, tmp_path, tiny_params(loss, epochs=6, learning_rate=0.005, ema_decay=0.5))
    trained = trainer.run()
    assert [row["epoch"] for row in trained.curves] == [1, 2, 3, 4, 5, 6]
    assert trained.best.figures["dev_tpr_at_fpr_1e-2"] > 0.5
    assert trained.best.figures["val_accuracy"] > 0.8
    assert trained.last.epoch == 6
    assert at_least(trained.best.figures, trained.last.figures)
    assert trained.curves[-1]["margin_factor"] == 1
    assert trained.curves[0]["margin_factor"] < 0.5


def test_the_curves_of_each_epoch_are_the_first_rows_of_the_whole_ones(aligned, tmp_path):
    seen = []

    def keep(rows):
        if rows:
            write_curves(tmp_path, rows)
            seen.append((tmp_path / CURVES).read_text())

    trainer_of(aligned, tmp_path, tiny_params(epochs=4, evaluate_every=2)).run(keep)
    assert [text.count("\n") for text in seen] == [2, 3, 4, 5]
    assert all(seen[-1].startswith(text) for text in seen)


def test_the_head_is_optimised_and_saved(aligned, tmp_path):
    trainer = trainer_of(aligned, tmp_path, tiny_params())
    optimised = {id(weight) for group in trainer._optimizer.param_groups for weight in group["params"]}
    assert len(optimised) == len(list(trainer._recognizer.parameters()))
    assert id(trainer._recognizer.head.weight) in optimised
    before = trainer._recognizer.head.weight.detach().clone()
    trained = trainer.run()
    assert not torch.equal(trained.best.state["head.weight"], before)
    plain = [group for group in trainer._optimizer.param_groups if group["weight_decay"] == 0]
    assert all(weight.ndim == 1 for group in plain for weight in group["params"])
    decayed = [group for group in trainer._optimizer.param_groups if group["weight_decay"] > 0]
    assert all(weight.ndim > 1 for group in decayed for weight in group["params"])


@pytest.mark.parametrize(
    ("loss", "optimizer", "precision"),
    [
        ("arcface", "muon", "float32"),
        ("adaface", "sgd", "bfloat16"),
        ("triplet", "adamw", "float32"),
        ("elasticface", "adamw", "float32"),
    ],
)
def test_a_killed_run_ends_the_same(aligned, tmp_path, loss, optimizer, precision):
    changes = {"optimizer": optimizer, "precision": precision, "dropout": 0.2, "learning_rate": 0.01}
    whole = trainer_of(aligned, tmp_path / "whole", tiny_params(loss, **changes)).run()

    class Killed(Checkpoint):
        def save(self, state):
            super().save(state)
            if len(state["curves"]) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer_of(aligned, tmp_path / "killed", tiny_params(loss, **changes), Killed).run()
    torch.rand(17)  # whatever else the process did must not matter
    resumed = trainer_of(aligned, tmp_path / "killed", tiny_params(loss, **changes))
    assert len(resumed._curves) == 2
    resumed = resumed.run()
    assert str(resumed.curves) == str(whole.curves)
    assert same_states(resumed.last.state, whole.last.state)
    assert same_states(resumed.best.state, whole.best.state)
    assert resumed.best.epoch == whole.best.epoch


def test_seeds_and_streaming(aligned, tmp_path):
    runs = [
        trainer_of(aligned, tmp_path / str(index), tiny_params(**changes)).run()
        for index, changes in enumerate([{}, {}, {"seed": 2}])
    ]
    assert same_states(runs[0].last.state, runs[1].last.state)
    assert torch.equal(runs[0].sample, runs[1].sample)
    assert not same_states(runs[0].last.state, runs[2].last.state)


@pytest.mark.parametrize(("precision", "dtype"), [("auto", torch.float32), ("bfloat16", torch.bfloat16)])
def test_precision_is_that_of_the_nets_arithmetic_and_not_of_what_is_saved(aligned, tmp_path, precision, dtype):
    trainer = trainer_of(aligned, tmp_path, tiny_params(precision=precision))
    seen = set()
    for recognizer in (trainer._recognizer, trainer._ema.averaged):
        recognizer.net.backbone.register_forward_hook(lambda module, inputs, output: seen.add(output.dtype))
    trained = trainer.run()
    assert seen == {dtype}
    assert {tensor.dtype for tensor in trained.last.state.values() if tensor.is_floating_point()} == {torch.float32}


def test_weights_at_the_start_are_the_same_for_every_loss(aligned, tmp_path):
    nets = [trainer_of(aligned, tmp_path, tiny_params(loss))._recognizer.net for loss in ("ce", "cosface")]
    assert same_states(nets[0].state_dict(), nets[1].state_dict())


def test_a_loss_that_is_not_finite_stops_with_the_photos(aligned, tmp_path):
    trainer = trainer_of(aligned, tmp_path, tiny_params())
    trainer._recognizer.head.weight.data[0] = float("nan")
    said = r"loss nan.* at step 0 with learning rate 0\.000667; photos of the step: drawn_\d{6}.jpg, drawn"
    with pytest.raises(FacelineError, match=said):
        trainer.run()


def test_the_schedule(aligned, tmp_path):
    trainer = trainer_of(aligned, tmp_path, tiny_params(epochs=5, warmup_epochs=2, learning_rate=0.01))
    trained = trainer.run()
    rates = [row["learning_rate"] for row in trained.curves]
    assert rates[1] == pytest.approx(0.01)
    assert rates[0] == pytest.approx(0.005)
    assert rates[1] > rates[2] > rates[3] > rates[4] > 0


def test_another_number_of_processes_than_asked_for(aligned, tmp_path):
    params = tiny_params()
    params = params.model_copy(update={"runtime": params.runtime.model_copy(update={"devices": 2})})
    with pytest.raises(InputError, match=r"runtime.devices x runtime.nodes is 2, but 1 processes were started"):
        trainer_of(aligned, tmp_path, params)


@pytest.fixture(scope="module")
def shared(aligned, tmp_path_factory):
    """Every run's results in one process and in two."""
    folder = tmp_path_factory.mktemp("shared")
    plain = [run for run, (_, sharded, _) in RUNS.items() if not sharded]
    one = {run: run_training(aligned, folder, 1, run) for run in (*plain, "one_centers")}
    runs = (*plain, "sharded_adaface", "sharded_centers", "resumed_centers")
    run_in_processes(2, shared_training.__file__, aligned, folder, 2, *runs, folder=folder)
    two = {run: torch.load(folder / f"{run}.pt", weights_only=True) for run in runs}
    one["one_resumed_centers"] = run_training(aligned, folder, 1, "one_resumed_centers")
    return one, two


def trained_alike(one, two):
    assert one["curves"][-1]["train_loss"] == pytest.approx(two["curves"][-1]["train_loss"], rel=1e-4)
    assert one["curves"][-1]["grad_norm"] == pytest.approx(two["curves"][-1]["grad_norm"], rel=1e-3)
    assert one["state"].keys() == two["state"].keys()
    apart = {
        name: float((one["state"][name].float() - two["state"][name].float()).abs().max()) for name in one["state"]
    }
    assert max(apart.values()) < 1e-5, apart
    return True


@pytest.mark.parametrize("loss", [run for run, (_, sharded, _) in RUNS.items() if not sharded])
def test_two_processes_train_as_one(shared, loss):
    one, two = shared[0][loss], shared[1][loss]
    assert trained_alike(one, two)
    moved = (one["state"]["net.neck.1.weight"] - one["start"]).abs().max()
    assert moved > 5e-5


@pytest.mark.parametrize(("whole", "sharded"), [("adaface", "sharded_adaface"), ("one_centers", "sharded_centers")])
def test_a_head_spread_over_two_processes_trains_and_is_saved_as_a_whole_one(shared, whole, sharded):
    one, two = shared[0][whole], shared[1][sharded]
    assert trained_alike(one, two)
    assert 2 * two["rows"] == one["rows"] == len(two["state"]["head.weight"])


def test_a_checkpoint_of_two_processes_goes_on_in_one_and_the_other_way_round(shared):
    one, two = shared
    assert one["one_resumed_centers"]["finished"] == two["resumed_centers"]["finished"] == 1
    assert trained_alike(one["one_centers"], one["one_resumed_centers"])
    assert trained_alike(one["one_centers"], two["resumed_centers"])


@pytest.mark.parametrize("loss", ["ce", "triplet"])
def test_a_head_without_cosines_cannot_be_spread(loss):
    with pytest.raises(ValidationError, match=f"sharded_head.*\\n.*rows of {loss} cannot be spread.*arcface"):
        tiny_params(loss, sharded_head=True)
