"""The stage from two tables of embeddings to metrics and the comparison of sources."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from made_people import all_scores, made_calibration, made_table
from tiny_faces import tiny_params

from faceline.core.errors import InputError
from faceline.core.files import write_json
from faceline.evaluation.embeddings.table import read_embeddings, write_embeddings
from faceline.evaluation.verification.calibration import Calibration
from stages.evaluate_wild import evaluate_wild

SIZES = {"dev": (6, 4), "query": (12, 4), "distractor": (8, 2)}
FAILED = {3: "no_face", 40: "no_match", 47: "eyes_too_close"}  # the last two are photos of query people
SWAPPED = 30  # a query photo whose annotated landmarks place no face
MODEL = "m" * 64


def table_without(failed, seed):
    """As the stage embed writes it; the photos of `failed` have a status instead of an embedding."""
    table = made_table(SIZES, scatter=1.4, seed=seed)
    status = table.rows["status"].to_numpy(object)
    embeddings = table.embeddings.copy()
    for row, reason in failed.items():
        status[row], embeddings[row] = reason, np.nan
    return dataclasses.replace(table, rows=table.rows.assign(status=status), embeddings=embeddings)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_embeddings(folder / "wild.parquet", table_without(FAILED, seed=1))
    write_embeddings(folder / "annotated.parquet", table_without({SWAPPED: "poor_fit"}, seed=5))
    scores = np.random.default_rng(0).normal(0.1, 0.2, 5_000).clip(-1, 1)
    made_calibration(scores, MODEL, 30, 200).write(folder / "calibration.json")
    write_json(folder / "recognition.json", {"tpr_at_fpr_1e-1": 0.9, "auc": 0.95, "silhouette": 0.3, "eer": None})
    return folder


def evaluate(inputs, out, **changes):
    names = ("wild.parquet", "annotated.parquet", "calibration.json", "recognition.json")
    paths = {name.partition(".")[0]: inputs / name for name in names}
    evaluation = tiny_params().evaluation.model_copy(update={"bootstrap_samples": 100})
    evaluate_wild(evaluation, **(paths | changes), metrics=out / "wild.json", report=out / "report")
    return json.loads((out / "wild.json").read_text())


@pytest.fixture(scope="module")
def evaluated(inputs, tmp_path_factory):
    out = tmp_path_factory.mktemp("wild")
    return out, evaluate(inputs, out)


def query_scores(path):
    table = read_embeddings(path)
    query, others = ((table.rows["role"] == role).to_numpy() for role in ("query", "distractor"))
    persons = table.rows["person"].to_numpy()[query]
    return all_scores(table.embeddings[query], persons, table.embeddings[others])


def test_every_rate_is_a_metric(evaluated):
    out, metrics = evaluated
    rates = pd.read_csv(out / "report" / "rates.csv", keep_default_na=False).set_index("rate")
    assert set(rates.index) <= metrics.keys()
    assert all((metrics[name] is None) == bool(rate["reason"]) for name, rate in rates.iterrows())


def test_photos_without_a_face_are_counted(evaluated):
    out, metrics = evaluated
    photos = 6 * 4 + 12 * 4 + 8 * 2
    assert metrics["failure_to_acquire"] == pytest.approx(3 / photos, abs=1e-6)
    assert metrics["detection_recall"] == pytest.approx(1 - 2 / photos, abs=1e-6)
    table = pd.read_csv(out / "report" / "acquisition.csv")
    assert table["photos"].sum() == photos
    assert set(table["status"]) == {"ok", *FAILED.values()}


def test_failures_are_misses_among_the_genuine_and_never_impostors(inputs, evaluated):
    """Two of the twelve people's 48 photos failed: 72 pairs, of which 6 are lost."""
    _, metrics = evaluated
    genuine, impostor = query_scores(inputs / "wild.parquet")
    assert metrics["positive_pairs"] == len(genuine) == 72
    assert np.isinf(genuine).sum() in (5, 6)  # 5 where the two photos are of one person
    assert metrics["negative_pairs"] == len(impostor)
    threshold = np.sort(impostor)[::-1][int(0.2 * len(impostor) + 1e-9)]
    assert metrics["threshold_at_fpr_2e-1"] == pytest.approx(threshold, abs=1e-5)
    assert metrics["tpr_at_fpr_2e-1"] == pytest.approx(np.mean(genuine > threshold), abs=1e-6)
    frozen = Calibration.read(inputs / "calibration.json").pairs.threshold(0.1)
    assert metrics["tpr_at_dev_threshold_1e-1"] == pytest.approx(np.mean(genuine > frozen), abs=1e-6)


def test_what_each_step_costs(inputs, evaluated):
    out, metrics = evaluated
    table = pd.read_csv(out / "report" / "compare.csv").set_index("metric")
    assert set(table.index) == {"tpr_at_fpr_1e-1", "auc", "eer"}
    assert table.loc["auc", "by_detector"] == pytest.approx(metrics["auc"] - 0.95, abs=1e-5)
    assert table.loc["auc", "by_hourglass"] == pytest.approx(0.95 - table.loc["auc", "annotated_landmarks"], abs=1e-5)
    assert np.isnan(table.loc["eer", "by_detector"])
    genuine, impostor = query_scores(inputs / "annotated.parquet")
    assert np.isinf(genuine).sum() == 3
    threshold = np.sort(impostor)[::-1][int(0.1 * len(impostor) + 1e-9)]
    assert table.loc["tpr_at_fpr_1e-1", "annotated_landmarks"] == pytest.approx(
        np.mean(genuine > threshold), abs=1e-5
    )


def test_the_same_again_gives_the_same_bytes(inputs, evaluated, tmp_path):
    evaluate(inputs, tmp_path)
    for path in evaluated[0].rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(evaluated[0])).read_bytes(), path.name


@pytest.mark.parametrize("name", ["wild", "annotated"])
def test_embeddings_of_another_model_are_refused(inputs, tmp_path, name):
    table = read_embeddings(inputs / f"{name}.parquet")
    other = tmp_path / "other.parquet"
    write_embeddings(other, dataclasses.replace(table, metadata={"model": "other"}))
    with pytest.raises(InputError, match=rf"made with another model than {other}"):
        evaluate(inputs, tmp_path, **{name: other})
    assert not (tmp_path / "wild.json").exists()
