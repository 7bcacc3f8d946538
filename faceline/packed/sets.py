"""Packed image sets: a folder of a few Parquet files, one row a face, its metadata beside its encoded image.

Thousands of small files make DVC slow; a few Parquet files do not, and pandas, DuckDB and Hugging Face
`datasets` read them as they are. The column `image` holds the bytes of a JPEG. Attributes are 8-bit integers that may
be missing (unknown), in pandas `Int8`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faceline.core.columns import ATTRIBUTES, CSV_OPTIONS, PERSON_COLUMNS
from faceline.core.errors import InputError

IMAGE = "image"
# who is missing from a set, and why; readers of a folder of Parquet pass over names that start with _
REJECTED = "_rejected.csv"
SHARD_BYTES = 256 * 2**20
ROWS_PER_GROUP = 512
_METADATA_KEY = b"faceline"


class PackedWriter:
    """Writes a packed set into `folder` (which must exist, say from `replacing_folder`), chunk by chunk.

    The first chunk fixes the columns and their types; shards are closed at about 256 MB.
    """

    def __init__(self, folder: Path, metadata: Mapping | None = None) -> None:
        self._folder = folder
        self._metadata = {_METADATA_KEY: json.dumps(metadata or {}, sort_keys=True).encode()}
        self._schema: pa.Schema | None = None
        self._shard: pq.ParquetWriter | None = None
        self._shard_bytes = 0
        self._shards = 0
        self._rows: list[pa.Table] = []

    def __enter__(self) -> PackedWriter:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        if self._shard is not None:
            self._shard.close()

    def write(self, rows: pd.DataFrame, images: Sequence[bytes]) -> None:
        """Appends one row per image; `rows` has the same columns in every call."""
        table = pa.Table.from_pandas(rows, schema=self._schema, preserve_index=False)
        if self._schema is None:
            self._schema = table.schema.remove_metadata()
        table = table.replace_schema_metadata(None)
        self._rows.append(table.append_column(IMAGE, pa.array(images, pa.binary())))
        if sum(len(rows) for rows in self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        table = pa.concat_tables(self._rows).replace_schema_metadata(self._metadata)
        self._rows = []
        if self._shard is None or self._shard_bytes > SHARD_BYTES:
            if self._shard is not None:
                self._shard.close()
            path = self._folder / f"part-{self._shards:04d}.parquet"
            # JPEG bytes do not compress: only the other columns are worth the time
            compression = dict.fromkeys(table.column_names, "zstd") | {IMAGE: "none"}
            self._shard = pq.ParquetWriter(path, table.schema, compression=compression, use_dictionary=False)
            self._shards += 1
            self._shard_bytes = 0
        self._shard.write_table(table, row_group_size=ROWS_PER_GROUP)
        self._shard_bytes += table.nbytes


class PackedSet:
    """A packed set on disk.

    Attributes:
        rows: every column but the image, in file order, index 0..n-1.
        metadata: what the writer said of the whole set.
    """

    def __init__(self, folder: Path) -> None:
        self._shards = [pq.ParquetFile(path) for path in sorted(Path(folder).glob("part-*.parquet"))]
        if not self._shards:
            raise InputError(f"{folder}: no packed image set here (expected part-0000.parquet); run its stage")
        schema = self._shards[0].schema_arrow
        names = [name for name in schema.names if name != IMAGE]
        tables = [shard.read(columns=names).replace_schema_metadata(None) for shard in self._shards]
        self.rows: pd.DataFrame = pa.concat_tables(tables).to_pandas(types_mapper={pa.int8(): pd.Int8Dtype()}.get)
        self.metadata: dict = json.loads((schema.metadata or {}).get(_METADATA_KEY, b"{}"))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def facts(self) -> pd.DataFrame:  # the former name of `rows`, until nobody uses it
        return self.rows

    def encoded(self, rows: Sequence[int] | np.ndarray | None = None) -> Iterator[bytes]:
        """The image bytes of `rows` (ascending positions; all by default), read a row group at a time."""
        wanted = np.arange(len(self)) if rows is None else np.asarray(rows)
        if np.any(np.diff(wanted) <= 0):
            raise ValueError("rows must be strictly ascending")
        start = 0
        for shard in self._shards:
            for group in range(shard.num_row_groups):
                stop = start + shard.metadata.row_group(group).num_rows
                here = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, stop)] - start
                if len(here):
                    column = shard.read_row_group(group, columns=[IMAGE]).column(IMAGE)
                    for row in here:
                        yield column[int(row)].as_py()
                start = stop


def write_rejected(folder: Path, rows: pd.DataFrame) -> None:
    """Writes the faces that are missing from a set, with `reason`, beside its shards."""
    rows.to_csv(folder / REJECTED, index=False)


def read_rejected(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """The people's columns, attributes and `reason` of the faces missing from a set; none where there is no file.

    Args:
        rows: the set's own rows, which say what attributes there are and the columns' types.

    Raises:
        InputError: a column is missing.
    """
    columns = [*PERSON_COLUMNS, *(name for name in ATTRIBUTES if name in rows)]
    path = folder / REJECTED
    if not path.exists():
        return rows.iloc[:0][columns].assign(reason=pd.Series(dtype=str))
    rejected = pd.read_csv(path, **CSV_OPTIONS)
    missing = [name for name in [*columns, "reason"] if name not in rejected]
    if missing:
        raise InputError(f"{path}: lacks the columns {', '.join(missing)}; run the stage that wrote it again")
    return rejected[[*columns, "reason"]].astype({name: rows[name].dtype for name in columns})
