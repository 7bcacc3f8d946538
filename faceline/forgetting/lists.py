"""Annotation lists as text, without the rows of some photos; every other line stays as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection


def without_photos(text: str, photos: Collection[str]) -> str:
    """A list in CelebA's form or Kaggle's without the rows of `photos`; CelebA's first line counts the rest.

    Args:
        text: with the ends of its lines as they are in the file.
    """
    lines = list(io.StringIO(text, newline=""))  # nothing but ends of lines parts them
    separator = "," if lines and "," in lines[0] else " "
    kept = [line for line in lines if _first_word(line, separator) not in photos]
    count = kept[0].strip().lstrip("\ufeff") if kept else ""
    if count.isdecimal() and len(kept[0].split()) == 1:
        kept[0] = kept[0].replace(count, str(int(count) - len(lines) + len(kept)), 1)
    return "".join(kept)


def without_rows(text: str, column: str, values: Collection[str]) -> str:
    """A CSV table without the rows that have one of `values` in a column of its header."""
    header, *rows = csv.reader(io.StringIO(text))
    place = header.index(column)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *(row for row in rows if row[place] not in values)])
    return out.getvalue()


def _first_word(line: str, separator: str) -> str:
    """The photo that a row is about; quotes may stand round a name that holds the separator."""
    text = line.lstrip("\ufeff").strip().replace("\t", " ")
    row = next(csv.reader([text], delimiter=separator, skipinitialspace=True), [])
    return row[0].strip() if row else ""
