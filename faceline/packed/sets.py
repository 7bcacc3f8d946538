"""Packed image sets: a folder of a few Parquet files, one row a face, its data beside its encoded image.

`_manifest.json` names the files in their order and how many faces each holds. It is written last: a set that lacks
one of its files, as after a copy that was cut short, is told from a whole one.

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

from faceline.core.columns import IMAGE_ID, PERSON
from faceline.core.errors import InputError
from faceline.core.files import read_json, write_json
from faceline.tables.tables import METADATA_KEY, check_rows, metadata_of, open_parquet, read_columns, read_faces_csv

IMAGE = "image"
MANIFEST = "_manifest.json"
# who is missing from a set, and why; readers of a folder of Parquet pass over names that start with _
REJECTED = "_rejected.csv"
SHARD_BYTES = 256 * 2**20
ROWS_PER_GROUP = 512
_NAMED = "landmark_crops"  # in such a set a person may have a name; in all others persons are numbers
_HINT = "run the set's stage again"


def write_rejected(folder: Path, tables: Sequence[pd.DataFrame]) -> None:
    """Writes who is missing from a set, with `reason`; tables without rows are left out."""
    filled = [table for table in tables if len(table)] or list(tables[:1])
    pd.concat(filled, ignore_index=True).to_csv(folder / REJECTED, index=False)


def read_rejected(folder: Path) -> pd.DataFrame:
    """Who is missing from a set, with `reason`; names and words as text, attributes as nullable integers.

    Raises:
        InputError: there is no such table, or something in it may not stand there.
    """
    return read_faces_csv(folder / REJECTED, ["reason"], _HINT)


class PackedWriter(AbstractContextManager):
    """Writes a packed set into `folder` (which must exist, say from `replacing_folder`), chunk by chunk.

    The first chunk fixes the columns and their types; shards are closed at about 256 MB.
    """

    def __init__(self, folder: Path, metadata: Mapping | None = None) -> None:
        self._folder = folder
        self._metadata = {METADATA_KEY: json.dumps(metadata or {}, sort_keys=True).encode()}
        self._schema: pa.Schema | None = None
        self._shard: pq.ParquetWriter | None = None
        self._name = ""  # of the shard
        self._shard_bytes = 0
        self._rows: dict[str, int] = {}  # by shard
        self._pending: list[pa.Table] = []

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is None:
            self._flush()
        if self._shard is not None:
            self._shard.close()
        if kind is None and self._rows:
            write_json(self._folder / MANIFEST, {"shards": self._rows})

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
            self._name = f"part-{len(self._rows):04d}.parquet"
            self._rows[self._name] = 0
            # JPEG bytes do not compress: only the other columns are worth the time
            compression = dict.fromkeys(table.column_names, "zstd") | {IMAGE: "none"}
            self._shard = pq.ParquetWriter(
                self._folder / self._name, table.schema, compression=compression, use_dictionary=False
            )
            self._shard_bytes = 0
        self._shard.write_table(table, row_group_size=ROWS_PER_GROUP)
        self._rows[self._name] += len(table)
        self._shard_bytes += table.nbytes


class PackedSet:
    """A packed set on disk.

    Attributes:
        rows: every column but the image, in file order, index 0..n-1.
        metadata: what the writer said of the whole set.
    """

    def __init__(self, folder: Path) -> None:
        """Raises InputError where there is no packed set, or a file of it is missing, damaged or unlike the first."""
        self._folder = Path(folder)
        rows = _shards_of(self._folder)
        self._paths = [self._folder / name for name in rows]
        self._shards = [open_parquet(path, {IMAGE_ID: "text", IMAGE: "bytes"}, _HINT) for path in self._paths]
        schema = self._shards[0].schema_arrow
        names = [name for name in schema.names if name != IMAGE]
        for path, shard in zip(self._paths, self._shards, strict=True):
            if (found := shard.metadata.num_rows) != rows[path.name]:
                raise InputError(f"{path}: holds {found} faces, {MANIFEST} says {rows[path.name]}; {_HINT}")
            if not shard.schema_arrow.equals(schema):
                raise InputError(f"{path}: its columns are not those of {self._paths[0].name}; {_HINT}")
        parts = zip(self._shards, self._paths, strict=True)
        table = pa.concat_tables([read_columns(shard, path, names, _HINT) for shard, path in parts])
        if not len(table):
            raise InputError(f"{self._paths[0]}: holds no faces; {_HINT}")
        check_rows(table.select([IMAGE_ID]), self._folder, _HINT)
        self.rows: pd.DataFrame = table.to_pandas(types_mapper={pa.int8(): pd.Int8Dtype()}.get)
        self.metadata: dict = metadata_of(schema, self._paths[0], _HINT)
        numbered = pd.api.types.is_integer_dtype(self.rows.get(PERSON, pd.Series(dtype=int)))
        if not numbered and self.metadata.get("kind", _NAMED) != _NAMED:
            raise InputError(f"{self._paths[0]}: column {PERSON}: expected whole numbers; {_HINT}")

    def __reduce__(self) -> tuple:
        """Another process opens the folder itself."""
        return PackedSet, (self._folder,)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def blocks(self) -> np.ndarray:
        """(n,) the block of each row, from 0 in file order: rows that are stored together and read at once."""
        sizes = [shard.metadata.row_group(group).num_rows for shard, _, group in self._groups]
        return np.repeat(np.arange(len(sizes)), sizes)

    def block(self, number: int) -> pa.ChunkedArray:
        """The image bytes of all rows of a block."""
        return _images(*self._groups[number])

    def image_bytes(self) -> int:
        """What all images take on disk."""
        column = self._shards[0].schema_arrow.get_field_index(IMAGE)
        parts = [shard.metadata.row_group(group).column(column) for shard, _, group in self._groups]
        return sum(part.total_compressed_size for part in parts)

    def encoded(self, rows: Sequence[int] | np.ndarray | None = None) -> Iterator[bytes]:
        """The image bytes of `rows` (ascending positions; all by default), read a row group at a time."""
        wanted = np.arange(len(self)) if rows is None else np.asarray(rows)
        if np.any(np.diff(wanted) <= 0):
            raise ValueError("rows must be strictly ascending")
        start = 0
        for shard, path, group in self._groups:
            stop = start + shard.metadata.row_group(group).num_rows
            here = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, stop)] - start
            if len(here):
                column = _images(shard, path, group)
                for row in here:
                    yield column[int(row)].as_py()
            start = stop

    @property
    def _groups(self) -> list[tuple[pq.ParquetFile, Path, int]]:
        pairs = zip(self._shards, self._paths, strict=True)
        return [(shard, path, group) for shard, path in pairs for group in range(shard.num_row_groups)]


def _shards_of(folder: Path) -> dict[str, int]:
    """Rows of each file of a set by its name, in the manifest's order; checked against what lies in the folder."""
    found = {path.name for path in folder.glob("part-*.parquet")}
    manifest = folder / MANIFEST
    if not found and not manifest.exists():
        raise InputError(f"{folder}: no packed image set here (expected {MANIFEST}); run its stage")
    rows = read_json(manifest, _HINT).get("shards")
    if not (isinstance(rows, dict) and rows and all(type(count) is int for count in rows.values())):
        raise InputError(f"{manifest}: expected the number of faces of each file under `shards`; {_HINT}")
    if other := sorted(found ^ rows.keys()):
        problem = "missing" if other[0] in rows else f"not named in {MANIFEST}"
        raise InputError(f"{folder / other[0]}: {problem}; {_HINT}")
    return rows


def _images(shard: pq.ParquetFile, path: Path, group: int) -> pa.ChunkedArray:
    try:
        column = shard.read_row_group(group, columns=[IMAGE]).column(IMAGE)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: damaged ({' '.join(str(error).split())[:200]}); {_HINT}") from None
    if column.null_count:
        raise InputError(f"{path}: column {IMAGE}: {column.null_count} images are missing; {_HINT}")
    return column
