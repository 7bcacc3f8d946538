"""train_recognition and embed, from a folder of aligned faces to a table of embeddings."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors import safe_open
from tiny_faces import make_aligned, sample_params, tiny_params

from faceline.core.errors import InputError
from faceline.core.files import replacing_folder
from faceline.evaluation.embeddings.table import read_embeddings
from faceline.evaluation.scores.rates import pair_scores
from faceline.packed.sets import PackedSet, PackedWriter
from faceline.recognition.training.recognizer_training import Trainer
from faceline.training.checkpoint import Checkpoint
from stages.embed import embed
from stages.train_recognition import train_recognition

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory of its own, holding nothing but the aligned faces."""
    monkeypatch.chdir(tmp_path)
    make_aligned(Path("aligned"), rejected=2)
    return tmp_path


def train(params, model="model.safetensors", report="report"):
    losses = params.losses.model_dump()
    train_recognition(params.recognition, losses, params.runtime, Path("aligned"), Path(model), Path(report))


def embed_all(params, out="embeddings.parquet", model="model.safetensors"):
    embed(params.embedding, params.runtime, params.runtime, Path("aligned"), Path(model), Path(out))


def test_the_chosen_loss_and_net_are_loaded_when_the_checkpoint_gets_its_key(here, monkeypatch):
    """The key holds the code that is loaded, so that changed code never resumes."""
    modules = [f"faceline.recognition.{part}" for part in ("losses.magface.head", "backbones.mobilefacenet")]
    for module in modules:
        monkeypatch.delitem(sys.modules, module, raising=False)

    def key(*_):
        raise LookupError([module for module in modules if module not in sys.modules])

    monkeypatch.setattr("stages.train_recognition.checkpoint_key", key)
    with pytest.raises(LookupError, match=r"\[\]"):
        train(tiny_params("magface", backbone="mobilefacenet"))


def test_chain(here):
    params = tiny_params(epochs=14, learning_rate=0.005, ema_decay=0.5, evaluate_every=7)
    train(params)
    assert sorted(path.name for path in here.iterdir()) == [".faceline", "aligned", "model.safetensors", "report"]
    assert not any(path.is_file() for path in Path(".faceline").rglob("*"))  # no checkpoint is left behind
    names = sorted(path.name for path in Path("report").iterdir())
    assert names == ["curves.csv", "dev.csv", "samples.png", "summary.json"]
    curves = pd.read_csv("report/curves.csv")
    summary = json.loads(Path("report/summary.json").read_text())
    assert curves["epoch"].tolist() == list(range(1, 15))
    assert curves["epoch"][curves["dev_auc"].notna()].tolist() == [7, 14]
    assert pd.read_csv("report/dev.csv")["epoch"].tolist() == [7, 14]
    assert summary["best"]["dev_tpr_at_fpr_1e-2"] == pytest.approx(curves["dev_tpr_at_fpr_1e-2"].max(), abs=1e-5)
    assert summary["last"]["epoch"] == 14
    assert summary["train_photos"] == 36
    assert cv2.imread("report/samples.png").shape[1] == 8 * (32 + 2)
    with safe_open("model.safetensors", "pt") as file:
        facts = json.loads(file.metadata()["faceline"])
    assert facts["epoch"] == summary["best"]["epoch"]
    assert facts["loss"] == {"name": "arcface", "params": sample_params()["losses"]["arcface"]}
    assert facts["align"]["size_px"] == 32
    assert facts["synthetic"] is True

    embed_all(params)
    table = read_embeddings(Path("embeddings.parquet"))
    aligned = PackedSet(Path("aligned")).rows
    assert table.rows["image_id"][: len(aligned)].tolist() == aligned["image_id"].tolist()
    assert table.rows["status"].value_counts().to_dict() == {"ok": len(aligned), "poor_fit": 2}
    assert table.rows["Male"].dtype == aligned["Male"].dtype
    assert table.ok.tolist() == [True] * len(aligned) + [False] * 2
    assert np.allclose(np.linalg.norm(table.embeddings[table.ok], axis=1), 1, atol=1e-5)
    assert table.metadata["flip"] is True
    assert table.metadata["synthetic"] is True
    people = aligned.loc[aligned["role"] == "train", "person"]
    assert facts["people"] == sorted(people.unique())
    trained = table.select((table.rows["role"] == "train").to_numpy())
    assert (trained.rows["head_label"] == trained.rows["person"]).mean() > 0.8
    assert set(table.rows["head_label"][~table.ok]) == {-1}
    query = table.select((table.rows["role"] == "query").to_numpy() & table.ok)
    genuine, impostor = pair_scores(query.embeddings, query.rows["person"])
    assert np.quantile(genuine, 0.1) > np.quantile(impostor, 0.9)


def test_weights_as_they_are(here):
    train(tiny_params(epochs=2), "start.safetensors", "before")
    params = tiny_params(epochs=0, pretrained="start.safetensors")
    train(params)
    assert sorted(path.name for path in Path("report").iterdir()) == ["curves.csv", "dev.csv", "summary.json"]
    curves, summary = pd.read_csv("report/curves.csv"), json.loads(Path("report/summary.json").read_text())
    assert curves["epoch"].tolist() == pd.read_csv("report/dev.csv")["epoch"].tolist() == [0]
    assert summary["best"] == summary["last"]
    assert (summary["best"]["epoch"], summary["loss"]) == (0, None)
    with safe_open("model.safetensors", "pt") as file, safe_open("start.safetensors", "pt") as start:
        facts = json.loads(file.metadata()["faceline"])
        names = [name for name in start.keys() if name.startswith("net.")]  # noqa: SIM118 - no dict
        assert sorted(file.keys()) == sorted(names)
        weights = [name for name in names if not name.endswith("num_batches_tracked")]
        assert all(np.array_equal(file.get_tensor(name), start.get_tensor(name)) for name in weights)
    assert (facts["loss"], facts["people"], facts["epoch"]) == (None, [], 0)
    assert facts["pretrained"] == "start.safetensors"
    for name in ("model", "start"):
        embed_all(params, f"{name}.parquet", f"{name}.safetensors")
    ours, theirs = (read_embeddings(Path(f"{name}.parquet")) for name in ("model", "start"))
    assert np.array_equal(ours.embeddings, theirs.embeddings, equal_nan=True)
    assert set(ours.rows["head_label"]) == {-1}
    assert set(theirs.rows["head_label"]) > {-1}


def test_the_same_bytes_again_and_at_any_memory_budget(here):
    for name, changes in (("one", {}), ("two", {}), ("streamed", {"memory_budget_mb": 1, "input_px": 96})):
        params = tiny_params(epochs=1, **changes)
        train(params, f"{name}.safetensors", name)
        embed_all(params, f"{name}.parquet", f"{name}.safetensors")
    for suffix in (".safetensors", ".parquet", "/curves.csv", "/summary.json", "/samples.png"):
        assert Path(f"one{suffix}").read_bytes() == Path(f"two{suffix}").read_bytes(), suffix
    train(tiny_params(epochs=1, input_px=96), "kept.safetensors", "kept")
    assert Path("kept.safetensors").read_bytes() == Path("streamed.safetensors").read_bytes()


def test_curves_are_there_while_it_trains_and_a_killed_run_keeps_its_rows(here, monkeypatch):
    params = tiny_params(epochs=3, evaluate_every=1)
    train(params, "whole.safetensors", "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_log_epoch", killed_after(2))
        with pytest.raises(KeyboardInterrupt):
            train(params)
    assert [path.name for path in Path("report").iterdir()] == ["curves.csv"]
    assert not Path("model.safetensors").exists()
    left = Path("report/curves.csv").read_text()
    assert left == "".join(Path("whole/curves.csv").read_text().splitlines(keepends=True)[:3])
    shutil.rmtree("report")  # as DVC does before a stage runs
    monkeypatch.setattr(Trainer, "_epoch", lambda *_: pytest.fail(Path("report/curves.csv").read_text()))
    with pytest.raises(pytest.fail.Exception, match=re.escape(left)):
        train(params)
    monkeypatch.undo()
    monkeypatch.chdir(here)
    train(params)
    for name in ("curves.csv", "dev.csv", "samples.png", "summary.json"):
        assert Path("report", name).read_bytes() == Path("whole", name).read_bytes()


def killed_after(epoch):
    def stop(trainer, *_):
        if trainer._finished == epoch:
            raise KeyboardInterrupt

    return stop


def test_other_losses_parameters_do_not_matter(here):
    train(tiny_params(epochs=1), "one.safetensors")
    params = tiny_params(epochs=1)
    cosface = params.losses.cosface.model_copy(update={"margin_cos": 0.1})
    losses = params.losses.model_copy(update={"cosface": cosface})
    train(params.model_copy(update={"losses": losses}), "two.safetensors")
    assert Path("one.safetensors").read_bytes() == Path("two.safetensors").read_bytes()


def test_faces_aligned_otherwise_are_refused(here):
    params = tiny_params(epochs=1)
    train(params)
    packed = PackedSet(Path("aligned"))
    images = list(packed.encoded())
    moved = packed.metadata | {"template": (np.array(packed.metadata["template"]) + 3).tolist()}
    with replacing_folder(Path("aligned")) as folder, PackedWriter(folder, moved) as writer:
        writer.write(packed.rows, images)
    with pytest.raises(InputError, match="aligned with template"):
        embed_all(params)


def test_a_set_without_its_table_of_rejected_faces_is_refused(here):
    params = tiny_params(epochs=1)
    train(params)
    Path("aligned/_rejected.csv").unlink()
    with pytest.raises(InputError, match=r"_rejected\.csv: no such file"):
        embed_all(params)


@pytest.mark.parametrize("devices", [1, 2])
def test_command_line(here, devices):
    """As DVC runs it; with two devices the stage starts its own processes."""
    tree = tiny_params(epochs=1).model_dump()
    tree["runtime"]["devices"] = devices
    Path("params.yaml").write_text(yaml.safe_dump(tree))
    command = [sys.executable, "-m", "stages.train_recognition", "--aligned", "aligned"]
    command += ["--model", "models/recognizer.safetensors", "--report", "reports/train_recognition"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert ended.stdout == ""
    assert "epoch 1/1: loss" in ended.stderr
    assert Path("models/recognizer.safetensors").exists()
    assert Path("reports/train_recognition/summary.json").exists()


def train_an_epoch(params, monkeypatch):
    """As if the training were killed after its first checkpoint."""

    def save_and_end(self, state, save=Checkpoint.save):
        save(self, state)
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_end)
        with pytest.raises(InterruptedError):
            train(params)


def test_a_changed_parameter_takes_up_no_checkpoint(here, monkeypatch, caplog):
    caplog.set_level("INFO")
    params = tiny_params(epochs=2)
    arcface = params.losses.arcface.model_copy(update={"margin_rad": 0.1})
    changed = params.model_copy(update={"losses": params.losses.model_copy(update={"arcface": arcface})})
    train(changed, "undisturbed.safetensors")
    train_an_epoch(params, monkeypatch)
    assert len(list(Path(".faceline/checkpoints").glob("*.pt"))) == 1
    train(changed)
    assert "resuming" not in caplog.text
    assert Path("model.safetensors").read_bytes() == Path("undisturbed.safetensors").read_bytes()
    train(params)
    assert "resuming after epoch 1 of 2" in caplog.text


def test_several_machines_are_the_users_to_start(here):
    params = tiny_params()
    runtime = params.runtime.model_copy(update={"nodes": 2})
    with pytest.raises(InputError, match=r"start this on each of them: torchrun --nnodes 2 --nproc-per-node 1"):
        train(params.model_copy(update={"runtime": runtime}))
