"""Whoever is removed is gone from the gallery's log too, also when another process reads meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import photo_rows, unit
from typer.testing import CliRunner

from faceline.cli.main import app
from faceline.core.errors import FacelineError
from faceline.galleries import removals
from faceline.galleries.files import export_people, import_people
from faceline.galleries.gallery import Gallery

NAME = "Adalberta Lovelace"
VECTORS = unit(3)


@pytest.fixture
def kept(path: Path) -> Path:
    with Gallery.open_or_create(path, MODEL, DIM) as gallery:
        gallery.add(photo_rows({NAME: VECTORS, "Bob": unit(1, seed=1)}))
    return path


@pytest.fixture
def reader(kept: Path) -> Iterator[sqlite3.Connection]:
    """A second connection in the middle of its reading."""
    other = sqlite3.connect(kept, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN")
    assert other.execute("SELECT count(*) FROM photos").fetchone() == (4,)
    yield other
    other.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "READERS_S", 0.1)


def held(path: Path) -> set[str]:
    """Which of the gallery's files hold the name or an embedding."""
    wanted = [NAME.encode(), *(vector.astype("<f4").tobytes() for vector in VECTORS)]
    files = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    return {file.name for file in files if file.exists() and any(one in file.read_bytes() for one in wanted)}


def test_nothing_is_left_when_nobody_reads(kept: Path) -> None:
    with Gallery(kept) as gallery:
        assert held(kept) == {"people.db"}
        gallery.remove([NAME])
        assert held(kept) == set()
        assert gallery.unfinished_removal() is None


@pytest.mark.usefixtures("impatient")
def test_while_somebody_reads_it_is_said_and_the_next_opening_finishes_it(
    kept: Path, reader: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with Gallery(kept) as gallery:
        gallery.remove([NAME])
        assert [person.name for person in gallery.people()] == ["Bob"]
        assert isinstance(gallery.unfinished_removal(), FacelineError)
        assert held(kept)
        with Gallery(kept):
            assert "the next opening finishes the removal" in caplog.text
        assert held(kept)
        reader.execute("COMMIT")
        assert reader.execute("SELECT name FROM photos").fetchall() == [("Bob",)]
        with Gallery(kept) as again:
            assert held(kept) == set()
            assert again.unfinished_removal() is None


def test_it_waits_for_a_reader_who_ends(kept: Path, reader: sqlite3.Connection) -> None:
    timer = threading.Timer(0.3, reader.execute, ["COMMIT"])
    with Gallery(kept) as gallery:
        timer.start()
        gallery.remove_photos(NAME, ["1.jpg", "2.jpg", "3.jpg"])
        assert gallery.unfinished_removal() is None
        assert held(kept) == set()
    timer.join()


@pytest.mark.usefixtures("impatient", "reader")
def test_a_replacement_is_a_removal_too(kept: Path, tmp_path: Path) -> None:
    with Gallery.open_or_create(tmp_path / "other.db", MODEL, DIM) as other:
        other.add(photo_rows({NAME: unit(1, seed=5)}))
        export_people(other, tmp_path / "other.npz")
    with Gallery(kept) as gallery:
        assert gallery.unfinished_removal() is None
        import_people(gallery, tmp_path / "other.npz", existing="add")
        assert gallery.unfinished_removal() is None
        import_people(gallery, tmp_path / "other.npz", existing="replace")
        assert gallery.unfinished_removal() is not None


@pytest.mark.usefixtures("impatient")
def test_a_removal_meanwhile_is_not_taken_for_finished(kept: Path, reader: sqlite3.Connection) -> None:
    """Another process removes Bob after the log was emptied for Ada, and before that is noted."""
    reader.execute("COMMIT")

    def empty_log(database: sqlite3.Connection, wait_s: float) -> bool:
        emptied = emptying(database, wait_s)
        reader.execute("DELETE FROM photos WHERE name = 'Bob'")
        removals.note_removal(reader)
        return emptied

    emptying = removals.empty_log
    with Gallery(kept) as gallery:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(removals, "empty_log", empty_log)
            gallery.remove([NAME])
        assert gallery.unfinished_removal() is not None
        with Gallery(kept) as again:
            assert again.unfinished_removal() is None


def test_who_may_not_write_is_told_and_can_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gallery(kept) as gallery:
        removals.note_removal(gallery._database)

    def refuse(database: sqlite3.Connection, wait_s: float) -> bool:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorname = "SQLITE_READONLY"
        raise error

    monkeypatch.setattr(removals, "empty_log", refuse)
    with Gallery(kept) as gallery:
        assert len(gallery) == 2


@pytest.mark.usefixtures("impatient", "reader")
def test_the_verb_ends_with_1_and_says_what_is_left(kept: Path) -> None:
    result = CliRunner().invoke(app, ["remove", NAME, "--gallery", str(kept)])
    assert result.exit_code == 1
    assert '"complete": false' in result.stdout
    assert f"{kept}-wal" in result.stderr
    assert "faceline list" in result.stderr
