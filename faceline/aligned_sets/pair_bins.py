"""insightface's pair sets (`lfw.bin`, `cfp_fp.bin`, `agedb_30.bin`, ...): aligned faces in pairs, as a pickle.

It holds a list of encoded images, two for each pair, one after the other, and a list that says which pairs show one
person. A pickle may ask for anything to be imported and called when it is read. This reader knows what such files
hold (lists, bytes, numbers, NumPy's bools and arrays of bytes or bools), puts classes of its own in NumPy's place,
and refuses all else.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file

FOLDS = 10
MAX_FILE_BYTES = 2**30
_DTYPES = {"b1": np.bool_, "?": np.bool_, "u1": np.uint8, "i1": np.int8, "i4": np.int32, "i8": np.int64}


@dataclass(frozen=True)
class PairBin:
    """A list of pairs.

    Attributes:
        images: encoded, two for each pair: 2 i and 2 i + 1 are pair i.
        same: (n,) bool, whether a pair shows one person.
        folds: (n,) which of ten folds each is in: as equal as can be, in the file's order, as insightface takes them.
    """

    images: list[bytes]
    same: np.ndarray

    @property
    def folds(self) -> np.ndarray:
        parts = np.array_split(np.arange(len(self.same)), FOLDS)
        return np.repeat(np.arange(FOLDS), [len(part) for part in parts])


def read_pair_bin(path: Path) -> PairBin:
    """Reads a pair set.

    Raises:
        InputError: it is missing, cut short, holds something that has no place there, or too few pairs for ten folds.
    """
    check_file(path, "expected a pair set (.bin)", MAX_FILE_BYTES)
    try:
        with path.open("rb") as file:
            found = _Unpickler(file, encoding="bytes").load()
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle raises nearly anything
        raise InputError(f"{path}: cannot be read as a pair set ({str(error)[:200]}); fetch the file again") from None
    if not (isinstance(found, tuple | list) and len(found) == 2):
        raise InputError(f"{path}: expected a list of images and one of same or not")
    images, same = (_plain(one) for one in found)
    if not (isinstance(images, list) and isinstance(same, list)):
        raise InputError(f"{path}: expected a list of images and one of same or not")
    encoded: list[bytes] = []
    for place, one in enumerate(map(_plain, images)):
        if not isinstance(one, bytes):
            raise InputError(f"{path}: image {place} is {type(one).__name__}, expected encoded bytes")
        encoded.append(one)
    same = [_plain(one) for one in same]
    wrong = [place for place, one in enumerate(same) if one not in (0, 1)]
    if wrong:
        raise InputError(f"{path}: pair {wrong[0]} is neither same nor different: {repr(same[wrong[0]])[:80]}")
    if len(encoded) != 2 * len(same):
        raise InputError(f"{path}: {len(encoded)} images for {len(same)} pairs, expected two for each")
    if len(same) < FOLDS:
        raise InputError(f"{path}: {len(same)} pairs; the protocol needs at least one for each of {FOLDS} folds")
    return PairBin(encoded, np.array(same, bool))


class _DType:
    """Stands for `numpy.dtype`."""

    def __init__(self, name: str | bytes, *_: object) -> None:
        name = name.decode("latin1") if isinstance(name, bytes) else str(name)
        if name not in _DTYPES:
            raise InputError(f"holds an array of {name[:80]!r}, which has no place in a pair set")
        self.kind = _DTYPES[name]

    def __setstate__(self, state: object) -> None:
        """Byte order and the like, which one-byte types and little-endian numbers need not."""
        if isinstance(state, tuple) and len(state) > 1 and state[1] in (">", b">"):
            raise InputError("holds big-endian numbers, which have no place in a pair set")


class _Array:
    """Stands for `numpy.ndarray`; `plain` is None until its state has been read, then bytes, or a list of bools.

    A pickle may name one array any number of times: it is brought to its plain form once.
    """

    plain: bytes | list | None = None

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, _, data = state
        values = np.frombuffer(_bytes(data), dtype.kind)
        if len(shape) != 1 or len(values) != shape[0]:
            raise InputError(
                f"holds an array of shape {str(shape)[:80]}; only rows of bytes or bools have a place there"
            )
        self.plain = values.tobytes() if values.dtype == np.uint8 else values.tolist()


def _from_buffer(data: bytes | bytearray, dtype: _DType, shape: tuple, *_: object) -> _Array:
    """Stands for what makes an array of a pickle's newest protocol."""
    array = _Array()
    array.__setstate__((1, shape, dtype, False, bytes(data)))
    return array


def _scalar(dtype: _DType, data: str | bytes) -> object:
    """Stands for NumPy's maker of single numbers."""
    return np.frombuffer(_bytes(data), dtype.kind)[0].item()


def _bytes(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else _latin1(data)


def _latin1(text: str, *_: object) -> bytes:
    """Stands for `codecs.encode`, with which Python 3 writes bytes in Python 2's protocol."""
    if not isinstance(text, str):
        raise InputError("holds text that is none")
    return text.encode("latin1")


def _no_bytes(*arguments: object) -> bytes:
    """Stands for `bytes`, which is called for those of length 0."""
    if arguments:
        raise InputError("calls bytes() in a way that has no place in a pair set")
    return b""


_STAND_INS = {
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): _Array,
    ("_codecs", "encode"): _latin1,
    ("builtins", "bytes"): _no_bytes,
    ("__builtin__", "bytes"): _no_bytes,
} | {
    (f"numpy.{core}.multiarray", name): stand_in
    for core in ("core", "_core")
    for name, stand_in in (("_reconstruct", _Array), ("scalar", _scalar))
}
_STAND_INS |= {(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")}


# the one in C keeps what it remembers in an array as long as the largest number that the file gives something
class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> object:
        """Never imports: gives a stand-in for the few names that such files use."""
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise InputError(
                f"asks for {module[:80]}.{name[:80]}, which has no place in a pair set (images and same or not)"
            ) from None

    def persistent_load(self, _: object) -> object:
        raise InputError("refers to objects outside the file, which has no place in a pair set; not read")


def _plain(value: object) -> object:
    """An array of bytes as bytes, one of bools as a list; all else as it is."""
    return value.plain if isinstance(value, _Array) and value.plain is not None else value
