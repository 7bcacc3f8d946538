"""What the comparisons read of a run, against the stages that make it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import entries, landmark_sizes, losses
from faceline.evaluation.embeddings.table import EmbeddingTable, write_embeddings
from graph import STAGES


def made_on_the_way_to(target):
    """Outs of a stage and of every stage before it."""
    outs, stages = set(), [target]
    for name in stages:
        outs |= set(STAGES[name]["outs"])
        stages += [
            other
            for other, stage in STAGES.items()
            if other not in stages and set(stage["outs"]) & set(STAGES[name]["deps"])
        ]
    return {Path(out) for out in outs}


@pytest.mark.parametrize(
    ("target", "read"),
    [
        (entries.TARGET, [entries.METRICS, entries.EMBEDDINGS, entries.ROC, entries.SUMMARY]),
        (losses.TARGET, [entries.SUMMARY]),
        (landmark_sizes.TRAINED, [landmark_sizes.MODEL, landmark_sizes.CROPS]),
        (landmark_sizes.MEASURED, [landmark_sizes.METRICS]),
    ],
)
def test_all_that_is_read_is_made_by_the_target_or_before_it(target, read):
    outs = made_on_the_way_to(target)
    assert not [path for path in read if not {Path(path), *Path(path).parents} & outs]


def test_each_seed_is_run_once_and_read(tmp_path, monkeypatch):
    rows = pd.DataFrame({"image_id": ["a.jpg"], "person": [1], "role": ["query"], "split": [""], "status": ["ok"]})
    table = EmbeddingTable(rows.assign(head_label=-1), np.array([[0.6, 0.8]], np.float32), {"model": "0a"})
    write_embeddings(tmp_path / "table.parquet", table)
    content = {
        "metrics/recognition.json": json.dumps({"auc": 0.9}),
        "data/embeddings/aligned.parquet": (tmp_path / "table.parquet").read_bytes(),
        "reports/recognition/roc.csv": "fpr,tpr\n0,0\n1,1\n",
        "reports/train_recognition/summary.json": json.dumps({"best": {"epoch": 8}, "last": {"epoch": 12}}),
    }
    asked = {}

    def run(name, settings, target):
        asked[name] = settings
        assert target == "evaluate_recognition"
        return f"commit of {name}"

    def read(path, rev, mode="r"):
        assert rev.startswith("commit of small-plain-")
        assert isinstance(content[path], bytes) == (mode == "rb")
        return content[path]

    monkeypatch.setattr(entries, "dvc_run", run)
    monkeypatch.setattr(entries.dvc.api, "read", read)
    runs = entries.run_seeds("small", entries.Entry("plain", {"recognition.dropout": 0.1}, ""), 2)
    assert asked == {f"small-plain-{seed}": {"recognition.dropout": 0.1, "recognition.seed": seed} for seed in (1, 2)}
    for one in runs:
        assert one.metrics == {"auc": 0.9}
        assert (one.best_epoch, one.epochs) == (8, 12)
        assert one.roc.tpr.tolist() == [0, 1]
        np.testing.assert_array_equal(one.table.embeddings, table.embeddings)
