"""MXNet's RecordIO (`.rec`) with its index (`.idx`), read without MXNet.

A record is two little-endian 32-bit words, the magic number and a length (its upper three bits say whether the record
is whole, 0, or the first, a middle or the last part of one, 1 to 3), then that many bytes, padded to four. Data that
holds the magic number at a multiple of four is cut there into parts, without it. The index has a line for each
record: its key, a tab, and the byte at which it begins. (dmlc-core's recordio.h, MXNet's recordio.py.)
"""

from __future__ import annotations

import mmap
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.errors import InputError
from faceline.core.files import check_file

MAGIC = 0xCED7230A
MAX_FILE_BYTES = 2**44
MAX_INDEX_BYTES = 2**30  # lines of thirty million records
_WORD = 4
_LENGTH = (1 << 29) - 1
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)


class RecordFile(AbstractContextManager):
    """A record file, checked whole against its index before anything is read from it.

    Attributes:
        keys: (n,) int64, ascending.
    """

    def __init__(self, path: Path, index: Path) -> None:
        """Opens the two files.

        Raises:
            InputError: one is missing or not of its kind, the record file is cut short, or the index names a place
                where no record begins.
        """
        self._path = path
        check_file(path, "expected a record file (.rec)", MAX_FILE_BYTES)
        self.keys, self._starts = _read_index(index)
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # an empty file cannot be mapped
            raise InputError(f"{path}: cannot be read as a record file ({error})") from None
        try:
            self._check(index)
        except InputError:
            self._bytes.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._bytes.close()

    def __len__(self) -> int:
        return len(self.keys)

    def read(self, key: int) -> bytes:
        """The bytes of a record, its parts joined.

        Raises:
            InputError: there is no such record, or its parts do not follow each other.
        """
        place = int(np.searchsorted(self.keys, key))
        if place == len(self.keys) or self.keys[place] != key:
            raise InputError(f"{self._path}: its index has no record {key}")
        part, data, start = self._part(key, int(self._starts[place]))
        parts = [data]
        if part == _WHOLE:
            return data
        while part != _LAST:
            part, data, start = self._part(key, start)
            if part not in (_MIDDLE, _LAST):
                raise InputError(f"{self._path}: record {key} has a first part and no last one; fetch the file again")
            parts.append(data)
        return MAGIC.to_bytes(_WORD, "little").join(parts)

    def words(self, offset: int, kind: str = "<u4") -> np.ndarray:
        """(n,) the 32-bit word at `offset` words into the data of every record, in the order of the keys.

        Where a record is shorter the word is another's; `lengths` tells.
        """
        words = np.frombuffer(self._bytes, kind, len(self._bytes) // _WORD)
        return words[np.minimum(self._starts // _WORD + 2 + offset, len(words) - 1)].copy()

    def lengths(self) -> np.ndarray:
        """(n,) bytes in every record, or in the first part of one that has several."""
        return self.words(-1) & _LENGTH

    def _part(self, key: int, start: int) -> tuple[int, bytes, int]:
        """What the part that begins at byte `start` is, its bytes, and where the next one begins."""
        head = np.frombuffer(self._bytes[start : start + 2 * _WORD], "<u4")
        if len(head) < 2 or head[0] != MAGIC:
            raise InputError(f"{self._path}: record {key} breaks off at byte {start}; fetch the file again")
        length = int(head[1]) & _LENGTH
        begin = start + 2 * _WORD
        data = self._bytes[begin : begin + length]
        if len(data) < length:
            raise InputError(f"{self._path}: cut short within record {key}; fetch the file again")
        return int(head[1]) >> 29, data, begin + length + -length % _WORD

    def _check(self, index: Path) -> None:
        size, starts = len(self._bytes), self._starts
        head = int.from_bytes(self._bytes[:_WORD], "little")
        if head != MAGIC:
            raise InputError(
                f"{self._path}: begins with {head:#010x} and not with RecordIO's magic number {MAGIC:#010x}: this "
                "is no MXNet record file"
            )
        beyond = (starts < 0) | (starts > size - 2 * _WORD)
        if beyond.any():
            raise InputError(
                f"{self._path}: {size} bytes, but {index} says that record {self.keys[beyond][0]} begins at byte "
                f"{starts[beyond][0]}: the file is cut short, or the index is another file's"
            )
        wrong = starts % _WORD != 0
        wrong[~wrong] = self._heads(starts[~wrong]) != MAGIC
        if wrong.any():
            raise InputError(
                f"{self._path}: no record begins at byte {starts[wrong][0]}, where {index} says that record "
                f"{self.keys[wrong][0]} does: the index is another file's"
            )
        cut = starts + 2 * _WORD + self.lengths() > size
        if cut.any():
            raise InputError(
                f"{self._path}: cut short within record {self.keys[cut][0]}, {size} bytes; fetch the file again"
            )

    def _heads(self, starts: np.ndarray) -> np.ndarray:
        return np.frombuffer(self._bytes, "<u4", len(self._bytes) // _WORD)[starts // _WORD]


def _read_index(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Keys, ascending, and where their records begin."""
    check_file(path, "the index belongs beside its .rec file", MAX_INDEX_BYTES)
    try:
        table = pd.read_csv(path, sep="\t", header=None, names=["key", "start"], dtype="int64", index_col=False)
    except (ValueError, OverflowError, OSError) as error:  # no numbers, too large ones, no columns, no text
        raise InputError(f"{path}: expected lines of a key, a tab and a position ({str(error)[:200]})") from None
    if table.key.duplicated().any():
        raise InputError(f"{path}: key {table.key[table.key.duplicated()].iloc[0]} stands there twice")
    if table.empty:
        raise InputError(f"{path}: the index is empty")
    table = table.sort_values("key")
    return table.key.to_numpy(), table.start.to_numpy()
