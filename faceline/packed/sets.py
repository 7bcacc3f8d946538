"""Packed image sets: a folder of a few Parquet files, one row a face, its data beside its encoded image.

Thousands of small files make DVC slow; a few Parquet files do not, and pandas, DuckDB and Hugging Face
`datasets` read them as they are. The column `image` holds the bytes of a JPEG. Attributes are 8-bit integers that may
be missing (unknown): pandas `Int8`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faceline.core.columns import CSV_OPTIONS
from faceline.core.errors import InputError

IMAGE = "image"
# who is missing from a set, and why; readers of a folder of Parquet pass over names that start with _
REJECTED = "_rejected.csv"
SHARD_BYTES = 256 * 2**20
ROWS_PER_GROUP = 512
_METADATA_KEY = b"faceline"


def write_rejected(folder: Path, tables: Sequence[pd.DataFrame]) -> None:
    """Writes who is missing from a set, with `reason`; tables without rows are left out."""
    filled = [table for table in tables if len(table)] or list(tables[:1])
    pd.concat(filled, ignore_index=True).to_csv(folder / REJECTED, index=False)


def read_rejected(folder: Path) -> pd.DataFrame:
    """Who is missing from a set, with `reason`; names and words as text, attributes as nullable integers.

    Raises:
        InputError: there is no such table.
    """
    try:
        return pd.read_csv(folder / REJECTED, **CSV_OPTIONS)
    except FileNotFoundError:
        raise InputError(f"{folder / REJECTED}: no such table; run the set's stage again") from None


class PackedWriter(AbstractContextManager):
    """Writes a packed set into `folder` (which must exist, say from `replacing_folder`), chunk by chunk.

    The first chunk fixes the columns and their types; shards are closed at about 256 MB.
    """

    def __init__(self, folder: Path, metadata: Mapping | None = None) -> None:
        self._folder = folder
        self._metadata = {_METADATA_KEY: json.dumps(metadata or {}, sort_keys=True).encode()}
        self._schema: pa.Schema | None = None
        self._shard: pq.ParquetWriter | None = None
        self._shards = self._shard_bytes = 0
        self._pending: list[pa.Table] = []

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self._flush()
        if self._shard is not None:
            self._shard.close()

    def write(self, rows: pd.DataFrame, images: Sequence[bytes]) -> None:
        """Appends one row per image; `rows` has the same columns in every call."""
        table = pa.Table.from_pandas(rows, schema=self._schema, preserve_index=False).replace_schema_metadata(None)
        self._schema = table.schema
        self._pending.append(table.append_column(IMAGE, pa.array(images, pa.binary())))
        if sum(map(len, self._pending)) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        table = pa.concat_tables(self._pending).replace_schema_metadata(self._metadata)
        self._pending = []
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
