"""Entries of a comparison: each is trained with several seeds, and what its runs left is read from DVC's records."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import dvc.api
import pandas as pd

from benchmarks.experiments import dvc_run
from faceline.evaluation.embeddings.table import EmbeddingTable, read_embeddings

TARGET = "evaluate_recognition"
METRICS = "metrics/recognition.json"
EMBEDDINGS = "data/embeddings/aligned.parquet"
ROC = "reports/recognition/roc.csv"
SUMMARY = "reports/train_recognition/summary.json"


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of training.

    Attributes:
        name: of its row.
        settings: what it changes in the parameters.
        note: what the table says of it.
    """

    name: str
    settings: Mapping[str, object]
    note: str


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        metrics: of its evaluation, by key.
        table: its embeddings.
        roc: of the query people, columns fpr and tpr.
        best_epoch, epochs: the epoch whose weights were kept, from 1, and how many there were.
    """

    metrics: Mapping[str, float | None]
    table: EmbeddingTable
    roc: pd.DataFrame
    best_epoch: int
    epochs: int


def run_seeds(comparison: str, entry: Entry, seeds: int) -> list[Run]:
    """Trains and measures one entry with the seeds 1, 2, ...; runs that DVC knows are read, not repeated.

    Their names are COMPARISON-ENTRY-SEED.
    """
    runs = []
    for seed in range(1, seeds + 1):
        name = f"{comparison}-{entry.name}-{seed}"
        commit = dvc_run(name, {**entry.settings, "recognition.seed": seed}, TARGET)
        runs.append(_read(commit))
    return runs


def _read(commit: str) -> Run:
    """What a run left, by the commit of its experiment."""
    metrics, summary = (json.loads(dvc.api.read(path, rev=commit)) for path in (METRICS, SUMMARY))
    with NamedTemporaryFile(suffix=".parquet") as file:
        file.write(dvc.api.read(EMBEDDINGS, rev=commit, mode="rb"))
        file.flush()
        table = read_embeddings(Path(file.name))
    roc = pd.read_csv(io.StringIO(dvc.api.read(ROC, rev=commit)))
    return Run(metrics, table, roc, summary["best"]["epoch"], summary["last"]["epoch"])
