"""Figures of a folder of people, against scores compared one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_people import all_scores, made_calibration, made_table

from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable
from faceline.imaging.images import encode_jpeg
from faceline.measuring.evaluate import evaluate_people, role_of


@pytest.fixture(scope="module")
def table() -> EmbeddingTable:
    return made_table({"query": (15, 6), "distractor": (80, 1)}, scatter=0.8, failed=0.05)


def test_people_with_one_photo_are_strangers() -> None:
    assert [role_of(photos) for photos in (1, 2, 9)] == ["distractor", "query", "query"]


def test_rates_are_those_of_the_scores(table: EmbeddingTable) -> None:
    measured = evaluate_people(table, None)
    figures = measured.figures
    query = (table.rows["role"] == "query").to_numpy()
    person = table.rows["person"].to_numpy()
    strangers = table.embeddings[~query & table.ok]
    genuine, impostor = all_scores(table.embeddings[query], person[query], strangers)
    threshold = np.sort(impostor)[::-1][int(0.01 * len(impostor))]
    assert figures.metrics["tpr_at_fpr_1e-2"] == pytest.approx(np.mean(genuine > threshold))
    assert figures.metrics["negative_pairs"] == len(impostor)
    assert figures.metrics["failure_to_acquire"] == pytest.approx(1 - table.ok[query].mean())
    assert figures.metrics["tpr_at_fpr_1e-2_low"] < figures.metrics["tpr_at_fpr_1e-2"]
    assert {"people": 15, "photos_of_people": 90, "strangers": 80, "photos_of_strangers": 80} == measured.counts
    assert 0 < figures.metrics["rank1"] <= 1
    assert figures.metrics["tpir_at_fpir_1e-1"] is not None


def test_frozen_thresholds_take_a_calibration(table: EmbeddingTable) -> None:
    without = evaluate_people(table, None, with_map=False).figures.metrics
    assert not [key for key in without if "dev_threshold" in key or key.startswith(("accuracy_", "fmr_"))]
    calibration = made_calibration(np.random.default_rng(0).normal(0, 0.2, 20_000), people=50)
    figures = evaluate_people(table, calibration).figures
    assert figures.metrics["tpr_at_dev_threshold_1e-2"] > 0
    groups = ("fmr_", "fnmr_")
    shared = {key: value for key, value in figures.metrics.items() if not key.startswith(groups)}
    assert {key: value for key, value in shared.items() if "dev_threshold" not in key} == without
    smiling = next(
        row for row in figures.groups if (row.attribute, row.group, row.measure) == ("Smiling", "yes", "fmr")
    )
    assert smiling.photos == (table.rows["Smiling"][table.rows["role"] == "query"] == 1).sum()


class Faces:
    """Faces of one colour, made when they are asked for."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows, self.asked = rows, set()

    def __len__(self) -> int:
        return len(self.rows)

    def encoded(self, rows: np.ndarray) -> Iterator[bytes]:
        self.asked |= {*rows}
        return (encode_jpeg(np.full((112, 112, 3), row % 256, np.uint8), 95) for row in rows)


def test_tables_name_the_photos_that_are_most_wrong(table: EmbeddingTable, tmp_path: Path) -> None:
    rows = table.rows.copy()
    twin, other = np.flatnonzero(table.ok & (rows["role"] == "query").to_numpy())[[0, -1]]
    embeddings = table.embeddings.copy()
    embeddings[twin] = embeddings[other]  # a photo in the wrong folder
    mixed, faces = EmbeddingTable(rows, embeddings), Faces(rows)
    evaluate_people(mixed, None).write(tmp_path / "tables", mixed, faces)
    written = {one.name: one for one in (tmp_path / "tables").iterdir()}
    hardest = pd.read_csv(written["hardest_impostor.csv"])
    assert hardest.loc[0, "score"] == pytest.approx(1, abs=1e-5)
    assert {hardest.loc[0, "image_id"], hardest.loc[0, "other_image_id"]} == {
        rows["image_id"][twin],
        rows["image_id"][other],
    }
    worst = pd.read_csv(written["hardest_genuine.csv"])
    assert rows["image_id"][twin] in {worst.loc[0, "image_id"], worst.loc[0, "other_image_id"]}
    assert {twin, other} <= faces.asked
    assert len(faces.asked) < len(rows)
    people = pd.read_csv(written["per_person.csv"])
    assert len(people) == 15
    sheets = {"hardest_impostor.png", "hardest_genuine.png", "confused_people.png"}
    assert {"roc.csv", "det.csv", "cmc.csv", "rates.csv", "acquisition.csv", "embedding_map.csv"} | sheets <= {
        *written
    }


def test_it_takes_two_people_with_two_photos(table: EmbeddingTable) -> None:
    one = table.select((table.rows["person"] == 1).to_numpy() | (table.rows["role"] == "distractor").to_numpy())
    with pytest.raises(InputError, match="1 people with two photos or more"):
        evaluate_people(one, None)
