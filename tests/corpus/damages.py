"""Ways to damage a file: those that suit any file, and edits of one format."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from corpus.case import Case, Kind

Damage = Callable[[Path], object]
SPARSE_BYTES = 3 * 2**30


def nothing(path: Path) -> None:
    """Leaves the file sound."""


def any_file(kind: Kind, named: bool = True) -> Iterator[Case]:
    """A file that is not there, or is something else; and the sound one."""
    yield Case(kind, "sound", nothing, harmless=True)
    for how, damage in {
        "missing": Path.unlink,
        "a folder": replaced_by(Path.mkdir),
        "a FIFO": replaced_by(os.mkfifo),
        "a device": replaced_by(lambda path: path.symlink_to("/dev/zero")),
        "a link to nowhere": replaced_by(lambda path: path.symlink_to("nowhere")),
        "a link to itself": replaced_by(lambda path: path.symlink_to(path.name)),
        "empty": content(b""),
        "random bytes": content(np.random.default_rng(0).bytes(5000)),
    }.items():
        yield Case(kind, how, damage, named=named)


def text_file(kind: Kind) -> Iterator[Case]:
    """Text in other encodings, and too much of it."""
    yield from any_file(kind)
    yield Case(kind, "UTF-16", recoded("utf-16"))
    yield Case(kind, "latin-1", lambda path: path.write_bytes(path.read_bytes() + "Zoé\n".encode("latin-1")))
    yield Case(kind, "NUL bytes", lambda path: path.write_bytes(path.read_bytes() + bytes(40)))
    yield Case(kind, "3 GB", lambda path: os.truncate(path, SPARSE_BYTES), bounded=True)
    yield Case(kind, "a line of 3 MB", content(b"7" * 3_000_000))


def binary_file(kind: Kind) -> Iterator[Case]:
    """Files cut short, and text."""
    yield from any_file(kind)
    yield Case(kind, "text", content(b"hello\n"))
    yield Case(kind, "half", lambda path: os.truncate(path, path.stat().st_size // 2))
    yield Case(kind, "only its first 8 bytes", lambda path: os.truncate(path, 8))


def replaced_by(make: Callable[[Path], object]) -> Damage:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


def content(value: bytes | str) -> Damage:
    value = value.encode() if isinstance(value, str) else value
    return lambda path: path.write_bytes(value)


def recoded(encoding: str) -> Damage:
    return lambda path: path.write_bytes(path.read_text().encode(encoding))


def swap(old: str, new: str) -> Damage:
    """Replaces text that must be there."""

    def damage(path: Path) -> None:
        text = path.read_text()
        assert old in text, (old, text[:500])
        path.write_text(text.replace(old, new))

    return damage


def tree(change: Callable[[dict], object]) -> Damage:
    """Changes a JSON file's value in place, or by what `change` returns."""

    def damage(path: Path) -> None:
        value = json.loads(path.read_text())
        changed = change(value)
        path.write_text(json.dumps(value if changed is None else changed))

    return damage


def put(key: str, value: object) -> Callable[[dict], None]:
    """Sets a value by its dotted key."""

    def change(value_tree: dict) -> None:
        *way, last = key.split(".")
        for part in way:
            value_tree = value_tree[int(part) if isinstance(value_tree, list) else part]
        value_tree[int(last) if isinstance(value_tree, list) else last] = value

    return change


def drop(key: str) -> Callable[[dict], None]:
    """Removes a dotted key."""

    def change(value_tree: dict) -> None:
        *way, last = key.split(".")
        for part in way:
            value_tree = value_tree[part]
        del value_tree[last]

    return change


def columns(change: Callable[[pa.Table], pa.Table]) -> Damage:
    """Writes a Parquet file again with its table changed."""

    def damage(path: Path) -> None:
        table = pq.ParquetFile(path).read()
        pq.write_table(change(table), path)

    return damage


def without(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([name])


def column(name: str, value: Callable[[int], pa.Array] | object) -> Callable[[pa.Table], pa.Table]:
    """Puts another column in the place of one, or one value in all of its rows."""

    def change(table: pa.Table) -> pa.Table:
        new = value(len(table)) if callable(value) else pa.array([value] * len(table))
        return table.set_column(table.column_names.index(name), name, new)

    return change


def table_metadata(value: bytes | None) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.replace_schema_metadata(None if value is None else {b"faceline": value})


def header(change: Callable[[dict], object] | bytes) -> Damage:
    """Changes the metadata of a model file, or puts other text in their place."""

    def damage(path: Path) -> None:
        tensors, metadata = read_safetensors(path)
        value = json.loads(metadata["faceline"])
        if isinstance(change, bytes):
            text = change.decode()
        else:
            changed = change(value)
            text = json.dumps(value if changed is None else changed)
        save_file(tensors, path, metadata={"faceline": text})

    return damage


def weights(change: Callable[[dict], object]) -> Damage:
    """Changes the weights of a model file in place."""

    def damage(path: Path) -> None:
        tensors, metadata = read_safetensors(path)
        change(tensors)
        save_file(tensors, path, metadata=metadata)

    return damage


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], Mapping[str, str]]:
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as file:
        return {name: file.get_tensor(name).copy() for name in file.keys()}, file.metadata()  # noqa: SIM118


def raw_header(text: bytes) -> Damage:
    """A safetensors file of nothing but this header."""
    return content(len(text).to_bytes(8, "little") + text)


def onnx_properties(change: Callable[[dict], object] | Mapping[str, str]) -> Damage:
    """Changes the metadata of an ONNX file: their values as JSON, or as the text that they are."""

    def damage(path: Path) -> None:
        import onnx

        model = onnx.load(path)
        values = {one.key: json.loads(one.value) for one in model.metadata_props}
        if callable(change):
            change(values)
            texts = {key: json.dumps(value) for key, value in values.items()}
        else:
            texts = {key: json.dumps(value) for key, value in values.items()} | dict(change)
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, texts)
        onnx.save(model, path)

    return damage


def sql(*commands: str) -> Damage:
    """Runs commands on a gallery's file."""

    def damage(path: Path) -> None:
        database = sqlite3.connect(path, isolation_level=None)
        for command in commands:
            database.execute(command)
        database.close()

    return damage


def arrays(change: Callable[[dict], object], packed: bool = False) -> Damage:
    """Changes the arrays of an .npz file in place."""

    def damage(path: Path) -> None:
        with np.load(path) as file:
            values = dict(file)
        change(values)
        with path.open("wb") as file:
            (np.savez_compressed if packed else np.savez)(file, **values)

    return damage
