"""Embeddings on disk."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable, read_embeddings, write_embeddings


@pytest.fixture
def table():
    rng = np.random.default_rng(1)
    embeddings = rng.normal(size=(4, 6)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[2] = np.nan
    rows = pd.DataFrame(
        {
            "image_id": ["000001.jpg", "b", "c", "d"],
            "person": [3, 3, 4, 5],
            "role": ["train", "train", "query", "query"],
            "split": ["train", "val", "", ""],
            "Male": pd.array([1, 0, None, 1], "Int8"),
            "status": ["ok", "ok", "poor_fit", "ok"],
            "head_label": np.array([3, 4, -1, 3], np.int32),
        }
    )
    return EmbeddingTable(rows, embeddings, {"model": "abc", "synthetic": True, "flip": False})


def test_round_trip(tmp_path, table):
    write_embeddings(tmp_path / "embeddings.parquet", table)
    again = read_embeddings(tmp_path / "embeddings.parquet")
    assert again.metadata == table.metadata
    assert again.embeddings.dtype == np.float32
    np.testing.assert_array_equal(again.embeddings, table.embeddings)
    assert again.rows["image_id"].tolist() == table.rows["image_id"].tolist()
    assert again.rows["split"].tolist() == ["train", "val", "", ""]
    assert again.rows["Male"].isna().tolist() == [False, False, True, False]
    assert again.rows["head_label"].dtype == np.int32
    assert again.ok.tolist() == [True, True, False, True]


def test_others_can_read_it(tmp_path, table):
    write_embeddings(tmp_path / "embeddings.parquet", table)
    plain = pq.read_table(tmp_path / "embeddings.parquet").to_pandas()
    assert plain["embedding"].isna().tolist() == [False, False, True, False]
    np.testing.assert_array_equal(plain["embedding"][3], table.embeddings[3])


def test_equal_tables_give_equal_bytes(tmp_path, table):
    for name in ("one", "two"):
        write_embeddings(tmp_path / name, table)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_selection(table):
    query = table.select((table.rows["role"] == "query").to_numpy() & table.ok)
    assert query.rows["image_id"].tolist() == ["d"]
    assert query.rows.index.tolist() == [0]
    np.testing.assert_array_equal(query.embeddings, table.embeddings[3:])


def test_mistakes(tmp_path, table):
    with pytest.raises(ValueError, match="4 rows for 3 embeddings"):
        EmbeddingTable(table.rows, table.embeddings[:3])
    with pytest.raises(InputError, match="run the stage embed"):
        read_embeddings(tmp_path / "missing.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_embeddings(tmp_path / "text.parquet")
    table.rows.to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(InputError, match="lacks the column embedding"):
        read_embeddings(tmp_path / "plain.parquet")
