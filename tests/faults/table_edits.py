"""Random edits of Parquet tables, arrays, galleries, archives, pickles and model files."""

from __future__ import annotations

import io
import json
import pickle
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from faults.edits import ODD, PLACES, Edit, edit_bytes, edit_tree, values

_place = st.integers(0, PLACES)
cell_edits = st.lists(st.tuples(st.integers(0, 7), _place, values), min_size=1, max_size=4)

COLUMNS: list[Callable[[int], pa.Array]] = [
    pa.nulls,
    *(lambda n, value=value: pa.array([value] * n) for value in (7, -1, 2**40, 0.5, True, "a", b"\xff\xd8", "../x")),
    lambda n: pa.array([float("nan")] * n),
    lambda n: pa.array(range(n), pa.int8()),
    lambda n: pa.array([f"{i}.jpg" for i in range(n)], pa.large_string()),
    lambda n: pa.array([[1.0, 2.0]] * n),
    lambda n: pa.array([[0.5] * 4] * n, pa.list_(pa.float32(), 4)),
    lambda n: pa.array([{"a": 1}] * n),
    lambda n: pa.array(["a"] * n).dictionary_encode(),
    lambda n: pa.array([0] * n, pa.timestamp("us")),
    lambda n: pa.array([1] * n, pa.uint64()),
]


def edit_parquet(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Puts other columns or values in, renames, drops and repeats columns, drops rows, changes the metadata."""
    table = pq.ParquetFile(io.BytesIO(sound)).read()
    for kind, share, new in edits:
        if not table.num_columns:
            break
        place = table.num_columns * share // (PLACES + 1)
        name = table.column_names[place]
        if kind == 0:
            table = table.set_column(place, name, COLUMNS[share % len(COLUMNS)](len(table)))
        elif kind == 1:
            table = table.remove_column(place)
        elif kind == 2:
            table = table.append_column(name, table.column(place))
        elif kind == 3:
            table = table.rename_columns([f"{new}"[:50] if one == name else one for one in table.column_names])
        elif kind == 4:
            table = table.slice(share % 3, share % 5)
        elif kind == 5:
            table = _with_metadata(table, share, new)
        else:
            table = _with_value(table, place, share, new)
    return _parquet(table)


def _with_value(table: pa.Table, place: int, share: int, new: object) -> pa.Table:
    """One value changed: by one that its column's type takes, or the whole column by the values' own type."""
    column = table.column(place).to_pylist()
    if column:
        column[share % len(column)] = new
    for kind in (table.schema.field(place).type, None):
        try:
            return table.set_column(place, table.column_names[place], pa.array(column, kind))
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            continue
    return table


def _with_metadata(table: pa.Table, share: int, new: object) -> pa.Table:
    known = json.loads((table.schema.metadata or {}).get(b"faceline", b"{}"))
    changed = edit_tree(known, [(share % 4, share, new)])
    return table.replace_schema_metadata({b"faceline": json.dumps(changed).encode()})


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="none")
    return out.getvalue()


ARRAYS = [
    np.array(7),
    np.array("a"),
    np.array([]),
    np.zeros((0, 16), np.float32),
    np.full((5, 16), np.nan, np.float32),
    np.full((5, 16), 1e30, np.float32),
    np.ones((5, 17), np.float32),
    np.ones((1, 5, 16), np.float32),
    np.ones((5, 16), complex),
    np.ones((5, 16), np.float16),
    np.array(["a"] * 5),
    np.array([b"a"] * 5),
    np.arange(5),
    np.arange(5, dtype=np.uint64),
    np.array([True] * 5),
    np.array(["2020-01-01"] * 5, "datetime64[D]"),
    np.zeros(5, [("a", "<i4")]),
    np.full((5, 5), -1.0),
    np.array(["unknown"] * 5),
    np.array(["a\nb", "", "\u202e", "x" * 300, "é"]),
]


def edit_arrays(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Replaces, drops, scales and cuts arrays of an .npz, and adds others."""
    with np.load(io.BytesIO(sound)) as file:
        arrays = dict(file)
    for kind, share, new in edits:
        if not arrays:
            break
        name = list(arrays)[len(arrays) * share // (PLACES + 1)]
        array = arrays[name]
        if kind == 0:
            del arrays[name]
        elif kind == 1:
            arrays[str(new)[:20].replace("/", "") or "a"] = array
        elif kind == 2 and array.ndim:
            arrays[name] = array[: share % 3]
        elif kind == 3 and array.dtype.kind in "fiu":
            arrays[name] = array * np.array([0, -1, 1e6, np.nan][share % 4])
        elif kind >= 6 and array.size and array.dtype.kind in "fiuU":
            arrays[name] = _with_element(array, share, new)
        else:
            arrays[name] = ARRAYS[share % len(ARRAYS)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            file.writestr(f"{name.encode('ascii', 'replace').decode()}.npy", member.getvalue())
    return out.getvalue()


def _with_element(array: np.ndarray, share: int, new: object) -> np.ndarray:
    changed = array.copy() if array.dtype.kind != "U" else array.astype("<U300")
    try:
        changed.reshape(-1)[share % array.size] = new
    except (TypeError, ValueError, OverflowError):
        return array
    return changed


def edit_gallery(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Changes values of its tables, deletes and repeats rows, renames and drops columns, adds tables and indices."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edited.db"
        path.write_bytes(sound)
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute("PRAGMA synchronous = OFF")
        for edit in edits:
            try:
                _edit_rows(database, *edit)
            except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError):
                continue
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return path.read_bytes()


def _edit_rows(database: sqlite3.Connection, kind: int, share: int, new: object) -> None:
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    table = tables[share % len(tables)]
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    column = columns[len(columns) * share // (PLACES + 1)]
    row = f"rowid IN (SELECT rowid FROM {table} LIMIT 1 OFFSET {share % 5})"
    if isinstance(new, list | dict):
        new = json.dumps(new).encode()
    if kind == 0:
        database.execute(f"DELETE FROM {table} WHERE {row}")
    elif kind == 1 and share % 4 == 0:
        database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    elif kind == 1 and share % 4 == 1:
        database.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    elif kind == 1:
        database.execute("CREATE TABLE other (a)" if share % 2 else f"CREATE INDEX other ON {table} ({column})")
    elif kind == 2:
        database.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE {row}")
    else:
        database.execute(f"UPDATE {table} SET {column} = ?" + (f" WHERE {row}" if share % 2 else ""), (new,))


MEMBERS = [
    "a.jpg",
    "b.jpg",
    "img/a.jpg",
    "../a.jpg",
    "/a.jpg",
    "a.jpg/",
    "C:\\a.jpg",
    "a.txt",
    "é.jpg",
    "a\x00.jpg",
    "",
]
archive_edits = st.lists(
    st.tuples(
        st.sampled_from(MEMBERS),
        st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
        st.integers(0, 3),
        st.binary(max_size=6),
    ),
    min_size=1,
    max_size=4,
)


def edit_archive(sound: bytes, edits: Sequence[tuple]) -> bytes:
    """Another archive, of the first photo of a sound one and of bytes."""
    with zipfile.ZipFile(io.BytesIO(sound)) as file:
        photo = file.read(file.namelist()[0])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, method, kind, data in edits:
            if name in file.namelist():
                continue
            content = [photo, data, b"", photo[: 40 + len(data) * 30]][kind]
            file.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    data = bytearray(out.getvalue())
    for _, _, kind, changed in edits:
        if kind == 1 and changed:  # of a header: flags, method, sizes
            data = bytearray(edit_bytes(bytes(data), [(0, changed[0] * 256, changed)]))
    return bytes(data)


pickled = st.lists(
    st.recursive(
        st.sampled_from([one for one in ODD if not isinstance(one, list | dict)])
        | st.binary(max_size=9)
        | st.sampled_from([np.zeros(3, np.uint8), np.array([True, False]), np.array(["a"]), np.zeros((2, 2))]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text(max_size=2), inner, max_size=2)
            | st.tuples(st.lists(st.binary(max_size=9), max_size=4), st.lists(st.booleans(), max_size=4))
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def as_pickle(_: bytes, drawn: Sequence[object]) -> bytes:
    """The last of the values that were drawn, or with others as one."""
    value = drawn[-1] if len(drawn) < 3 else tuple(drawn)
    return pickle.dumps(value, protocol=2 + len(repr(value)) % 4)


def edit_header(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Changes the facts in a model file's metadata, or where its header says that tensors lie and of which type."""
    length = struct.unpack("<Q", sound[:8])[0]
    header, rest = json.loads(sound[8 : 8 + length]), sound[8 + length :]
    of_facts = [edit for edit in edits if edit[0] < 6]
    facts = header["__metadata__"]
    facts["faceline"] = json.dumps(edit_tree(json.loads(facts["faceline"]), of_facts))
    header = edit_tree(header, [(kind - 6, share, new) for kind, share, new in edits if kind >= 6])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def edit_weights(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Puts other numbers into the tensors."""
    length = struct.unpack("<Q", sound[:8])[0]
    data = bytearray(sound)
    numbers = (len(data) - 8 - length) // 4
    for _, share, new in edits:
        value = new if isinstance(new, float) else float("nan")
        try:
            struct.pack_into("<f", data, 8 + length + 4 * (numbers * share // (PLACES + 1)), value)
        except OverflowError:
            continue
    return bytes(data)


def edit_properties(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Changes the metadata of an ONNX file."""
    import onnx

    model = onnx.load_model_from_string(sound)
    known = {one.key: json.loads(one.value) for one in model.metadata_props}
    changed = edit_tree(known, edits)
    del model.metadata_props[:]
    if isinstance(changed, dict):
        texts = {key.encode("utf-8", "replace").decode(): json.dumps(value) for key, value in changed.items()}
        onnx.helper.set_model_props(model, texts)
    return model.SerializeToString()
