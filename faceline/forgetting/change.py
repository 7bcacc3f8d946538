"""A person taken out of a data set: everything is written beside first and checked, then put in place.

A kill in between leaves a state from which the same command goes on: the lists that say whose photos they are come
last.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from faceline.annotations.celeba import read_file
from faceline.core.columns import IMAGE_ID
from faceline.core.errors import FacelineError
from faceline.core.files import read_text, replacing
from faceline.forgetting.data_sets import PersonInData
from faceline.forgetting.lists import without_photos, without_rows


@contextmanager
def without_person(person: PersonInData) -> Iterator[None]:
    """Has every list ready without the person when the block begins, and puts them in place when it ends.

    An error in the block, or while the lists are written, leaves the data set as it was.
    """
    identities = [path for path in person.rows if person.data.lists[path] == "identity"]
    others = [path for path in person.rows if path not in identities]
    with ExitStack() as stack:  # ends in the reverse order
        if person.data.people is not None:
            text = without_rows(read_text(person.data.people, ""), IMAGE_ID, person.photos)
            stack.enter_context(_replaced(person.data.people, text))
        for path in identities:
            stack.enter_context(_list_replaced(person, path))
        stack.enter_context(_deleted(person.files))
        for path in others:
            stack.enter_context(_list_replaced(person, path))
        yield


@contextmanager
def _list_replaced(person: PersonInData, path: Path) -> Iterator[None]:
    kind = person.data.lists[path]
    before = read_file(path, kind)
    with _replaced(path, without_photos(_read(path), person.photos)) as temporary:
        expected = before[~before[IMAGE_ID].isin(person.photos)].reset_index(drop=True)
        if not read_file(temporary, kind).equals(expected):
            raise FacelineError(f"{path}: its rows could not be told apart; take those of the person out by hand")
        yield


@contextmanager
def _replaced(path: Path, text: str) -> Iterator[Path]:
    with replacing(path) as temporary:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(path, temporary)
        yield temporary


@contextmanager
def _deleted(files: Iterable[Path]) -> Iterator[None]:
    yield
    for file in files:
        file.unlink(missing_ok=True)


def _read(path: Path) -> str:
    """A list's text with its ends of lines as they are; it was read and checked before."""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()
