"""Embeddings on disk: one row a photo, whether it could be embedded or not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faceline.core.columns import PERSON, PERSON_COLUMNS
from faceline.core.errors import InputError
from faceline.core.files import replacing
from faceline.tables.tables import METADATA_KEY, metadata_of, open_parquet, read_columns

OK = "ok"
NO_LABEL = -1
MAX_LENGTH_ERROR = 1e-3  # of a unit vector's length
_EMBEDDING = "embedding"
_REQUIRED = {
    **dict.fromkeys(PERSON_COLUMNS, "text"),
    PERSON: "whole numbers",
    "status": "text",
    "head_label": "whole numbers",
    _EMBEDDING: "vectors of numbers",
}
_HINT = "run the stage embed"


@dataclass(frozen=True)
class EmbeddingTable:
    """Photos and their embeddings, row for row.

    Attributes:
        rows: every photo, those that could not be embedded included, index 0..n-1: image_id, person, role, split,
            attributes, status (`ok`, or why there is no embedding), head_label (the person that the training
            head says, without margin; -1 where there is no head or no embedding).
        embeddings: (n, dim) float32 of unit norm; NaN in the rows whose status is not `ok`.
        metadata: `model` (SHA-256 of the model file), `synthetic` (trained on synthetic faces), `flip` (averaged
            with the mirror image's).
    """

    rows: pd.DataFrame
    embeddings: np.ndarray
    metadata: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.embeddings):
            raise ValueError(f"{len(self.rows)} rows for {len(self.embeddings)} embeddings")

    @property
    def ok(self) -> np.ndarray:
        """(n,) bool: which rows hold an embedding."""
        return (self.rows["status"] == OK).to_numpy()

    def select(self, mask: np.ndarray) -> EmbeddingTable:
        """The table of some rows, by a bool mask."""
        return EmbeddingTable(self.rows[mask].reset_index(drop=True), self.embeddings[mask], self.metadata)


def write_embeddings(path: Path, table: EmbeddingTable) -> None:
    """Writes a table atomically as Parquet; `embedding` is a fixed-size list, null where there is none."""
    dim = table.embeddings.shape[1]
    values = pa.array(table.embeddings.astype(np.float32).ravel(), pa.float32())
    vectors = pa.FixedSizeListArray.from_arrays(values, dim, mask=pa.array(~table.ok))
    rows = pa.Table.from_pandas(table.rows, preserve_index=False)
    rows = rows.append_column(_EMBEDDING, vectors)
    header = {METADATA_KEY: json.dumps(table.metadata, sort_keys=True).encode()}
    with replacing(path) as temporary:
        pq.write_table(rows.replace_schema_metadata(header), temporary, compression="zstd")


def read_embeddings(path: Path) -> EmbeddingTable:
    """Reads what `write_embeddings` wrote.

    Raises:
        InputError: no such file, no table of embeddings, or vectors that are not finite and of length 1.
    """
    file = open_parquet(path, _REQUIRED, _HINT)
    table = read_columns(file, path, file.schema_arrow.names, _HINT)
    column = table.column(_EMBEDDING).combine_chunks()
    dim = column.type.list_size
    embeddings = np.full((len(column), dim), np.nan, np.float32)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    embeddings[valid] = column.drop_null().flatten().to_numpy(zero_copy_only=False).reshape(-1, dim)
    metadata = metadata_of(file.schema_arrow, path, _HINT)
    if not isinstance(metadata.get("model"), str):
        raise InputError(f"{path}: does not say which model made it; {_HINT}")
    rows = table.drop_columns([_EMBEDDING]).to_pandas()
    read = EmbeddingTable(rows, embeddings, metadata)
    lengths = np.linalg.norm(embeddings[read.ok].astype(np.float64), axis=1)
    if not (valid == read.ok).all() or not (np.abs(lengths - 1) < MAX_LENGTH_ERROR).all() or not len(rows):
        raise InputError(f"{path}: expected a vector of length 1 for each face whose status is ok; {_HINT}")
    return read
