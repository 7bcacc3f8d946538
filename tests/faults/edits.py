"""How a sound file is changed at random: edits of bytes, of words, of trees, of columns, of arrays, of rows.

A strategy draws a list of edits, which are plain tuples; a function applies them, whatever they are. Places are whole
numbers that are taken as shares of the length, so that the same edits suit any file.
"""

from __future__ import annotations

import copy
import json
import re
import struct
from collections.abc import Callable, Sequence

import hypothesis.strategies as st

PLACES = 2**16
Edit = tuple[int, int, object]
Change = Callable[[bytes, Sequence[Edit]], bytes]

# numbers at the ends of their types, in both orders of bytes, and what formats begin and end with
BYTES = [
    b"",
    b"\0",
    b"\0" * 8,
    b"\xff" * 4,
    b"\xff" * 8,
    *(struct.pack(form, value) for form in ("<I", ">I") for value in (1, 2**16, 2**31 - 1, 2**31, 2**32 - 4)),
    *(struct.pack(form, value) for form in ("<Q", ">Q") for value in (2**31, 2**40, 2**63 - 1, 2**63)),
    struct.pack("<f", float("nan")),
    struct.pack("<d", float("inf")),
    *(b"PK\x03\x04", b"PAR1", b"\x89PNG", b"\xff\xd8", b"\xff\xd9", b"RIFF", b"GIF89a", b"BM"),
    *(b"\x93NUMPY", b"\x80\x04"),
    b"\n" * 3,
    b"{[(",
    b'"',
    b"\xef\xbb\xbf",
    b"\xff\xfe",
]
# fields that some program takes for a number, a name, nothing, or more than one field
WORDS = [
    *("", " ", "\n", "\r\n", "\t", ",", ";", '"', "'", "\\", "/", "#", ":", "-", "~", "&a", "*a", "[", "{", "]", "}"),
    *("nan", "NaN", "inf", "-inf", "Infinity", "1e30", "1e300", "1e400", "1e-320", "-1", "-0", "0", "1", "2.5", "07"),
    *("9" * 20, "9" * 400, "0x10", "1_000", "1,5", "½", "٣", "true", "null", "None", "None.jpg", "a.jpg", "b.jpg"),
    *("../b.jpg", "x/b.jpg", "=1+1", "é", "\u202e", "\x00", "\x07", "\x7f", "\ufeff", "\U0001f600", "a" * 300),
    *("-1\t2", "1 2", "train", "query", "judge", "image_id", "!!python/name:os.system", "<<: *a", "2020-99-99"),
]
ODD = [
    *(None, True, False, 0, 1, -1, 7, 2**31, 2**63, -(2**63), 10**30, 0.5, -0.5, 1e-320, 1e30, 1e300),
    *(float("nan"), float("inf"), float("-inf"), "", "a", "7", "nan", "../x", "é", "\x00", "a\nb", "a" * 300),
    *([], [0], [1, 2], [None], ["a"], [[1]], [float("nan")] * 3, {}, {"a": 1}, {"a": {"b": [1]}}, {"": None}),
    [[[[1]]]],
]

_place = st.integers(0, PLACES)
bytes_edits = st.lists(
    st.tuples(st.integers(0, 5), _place, st.sampled_from(BYTES) | st.binary(max_size=6)), min_size=1, max_size=6
)
word_edits = st.lists(
    st.tuples(st.integers(0, 3), _place, st.sampled_from(WORDS) | st.text(max_size=3)), min_size=1, max_size=5
)
values = st.sampled_from(ODD) | st.floats() | st.integers() | st.text(max_size=4)
tree_edits = st.lists(st.tuples(st.integers(0, 3), _place, values), min_size=1, max_size=4)


def edit_bytes(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Overwrites, inserts, deletes, repeats, cuts off; flips a bit."""
    data = bytearray(sound)
    for kind, share, new in edits:
        place = len(data) * share // (PLACES + 1)
        if kind == 0:
            data[place : place + len(new)] = new
        elif kind == 1:
            data[place:place] = new
        elif kind == 2:
            del data[place : place + 1 + len(new) * 5]
        elif kind == 3:
            data[place:place] = data[place : place + 16]
        elif kind == 4 and share % 4 == 0:
            del data[place:]
        elif place < len(data):
            data[place] ^= 1 << share % 8
    return bytes(data)


_WORD = re.compile(r"[\w.+-]+|\s|.", re.DOTALL)


def edit_words(sound: bytes, edits: Sequence[Edit]) -> bytes:
    """Replaces, inserts, deletes and repeats words and separators of a text."""
    words = _WORD.findall(sound.decode())
    for kind, share, new in edits:
        place = len(words) * share // (PLACES + 1)
        if kind == 0:
            words[place : place + 1] = [new]
        elif kind == 1:
            words[place:place] = [new]
        elif kind == 2:
            del words[place : place + 1 + share % 3]
        else:
            words[place:place] = words[place : place + 5]
    return "".join(words).encode("utf-8", "surrogatepass")


def edit_tree(tree: object, edits: Sequence[Edit]) -> object:
    """A copy of a tree of mappings and lists with values replaced, removed, added, or put a level deeper."""
    tree = json.loads(json.dumps(tree))
    for kind, share, drawn in edits:
        new = copy.deepcopy(drawn)  # later edits may change it, and it may be drawn again
        holders = list(_holders(tree))
        if not holders:
            return new
        holder, key = holders[len(holders) * share // (PLACES + 1)]
        if kind == 0:
            holder[key] = new
        elif kind == 1:
            del holder[key]
        elif kind == 2 and isinstance(holder, dict):
            holder[str(new)[:50]] = holder[key]
        elif kind == 2:
            holder.append(new)
        else:
            holder[key] = [holder[key]] if share % 2 else {"a": holder[key]}
    return tree


def _holders(tree: object) -> list[tuple[dict | list, object]]:
    """Every mapping or list of a tree with every key that it has."""
    found, waiting = [], [tree]
    while waiting:
        holder = waiting.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, value in items:
            found.append((holder, key))
            waiting.append(value)
    return found


def edit_json(sound: bytes, edits: Sequence[Edit]) -> bytes:
    return json.dumps(edit_tree(json.loads(sound), edits)).encode()
