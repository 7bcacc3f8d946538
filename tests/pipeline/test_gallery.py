"""The gallery: what it keeps, who may read it, and what survives kills and crowds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import unit

from faceline.core.errors import InputError
from faceline.pipeline.gallery import Gallery
from faceline.pipeline.gallery_files import export_people


def test_enrolling_in_parts_equals_enrolling_at_once(path: Path, tmp_path: Path) -> None:
    vectors = unit(5)
    with Gallery.open_or_create(path, MODEL, DIM) as parts:
        parts.enroll({"Ada": vectors[:2]})
        parts.enroll({"Ada": vectors[2:]})
        (person,) = parts.people()
        kept = parts.references().embeddings[0]
    assert person.photos == 5
    mean = vectors.mean(axis=0)
    assert kept == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_embeddings_of_any_length_count_alike(gallery: Gallery) -> None:
    vectors = unit(2)
    gallery.enroll({"Ada": vectors * [[3.0], [0.1]]})
    mean = vectors.sum(axis=0)
    assert gallery.references().embeddings[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_references_are_everybody_by_name_with_their_photos(gallery: Gallery) -> None:
    vectors = unit(3, seed=1)
    gallery.enroll({"Bob": vectors[:2], "Ada": vectors[2:]})
    references = gallery.references()
    assert (references.names, references.photos) == (["Ada", "Bob"], [1, 2])
    assert references.embeddings[0] == pytest.approx(vectors[2], abs=1e-6)


def test_an_empty_gallery_knows_nobody(gallery: Gallery) -> None:
    assert gallery.references().names == []
    assert gallery.references().embeddings.shape == (0, DIM)
    assert gallery.people() == []


def test_remove_forgets_all_or_nobody(gallery: Gallery) -> None:
    gallery.enroll({"Ada": unit(1), "Bob": unit(1)})
    with pytest.raises(InputError, match="Zoe"):
        gallery.remove(["Ada", "Zoe"])
    assert [person.name for person in gallery.people()] == ["Ada", "Bob"]
    gallery.remove(["Ada"])
    assert [person.name for person in gallery.people()] == ["Bob"]


def test_removed_embeddings_are_overwritten_on_disk(path: Path) -> None:
    vectors = unit(1, seed=3)
    needle = vectors[0].astype("<f4").tobytes()
    with Gallery.open_or_create(path, MODEL, DIM) as gallery:
        gallery.enroll({"Ada": vectors, "Bob": unit(1, seed=4)})
        present = any(needle in file.read_bytes() for file in path.parent.glob("people.db*"))
        gallery.remove(["Ada"])
        absent = all(needle not in file.read_bytes() for file in path.parent.glob("people.db*"))
    assert present
    assert absent


def test_file_and_its_logs_are_private(path: Path) -> None:
    before = os.umask(0)
    try:
        with Gallery.open_or_create(path, MODEL, DIM) as gallery:
            gallery.enroll({"Ada": unit(1)})
            export_people(gallery, path.with_suffix(".npz"))
            files = sorted(path.parent.iterdir())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
    finally:
        os.umask(before)
    assert {"people.db", "people.db-wal", "people.db-shm", "people.npz"} == set(modes)
    assert set(modes.values()) == {0o600}


def test_another_model_is_refused_with_the_way_out(path: Path, gallery: Gallery) -> None:
    with pytest.raises(InputError, match=r"--models.*enroll"):
        Gallery.open_or_create(path, "b" * 64, DIM)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "unknown"])
def test_names_that_are_none(gallery: Gallery, name: str) -> None:
    with pytest.raises(InputError):
        gallery.enroll({name: unit(1)})
    assert len(gallery) == 0


def test_two_spellings_of_one_name_are_one_person(gallery: Gallery) -> None:
    gallery.enroll({"Zo\u00eb": unit(1)})
    gallery.enroll({"Zoe\u0308": unit(1, seed=1)})
    assert [(person.name, person.photos) for person in gallery.people()] == [("Zo\u00eb", 2)]


@pytest.mark.parametrize("vectors", [np.zeros((1, DIM)), np.full((1, DIM), np.nan), np.ones((1, DIM + 1)), unit(0)])
def test_unusable_embeddings_change_nothing(gallery: Gallery, vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Bob"):
        gallery.enroll({"Ada": unit(1), "Bob": vectors})
    assert len(gallery) == 0


def test_rows_of_another_gallery_are_added_whole_or_not_at_all(gallery: Gallery) -> None:
    gallery.enroll({"Ada": unit(1), "Bob": unit(1, seed=1)})
    rows = [(name, total * 2, photos + 1, "2020-01-01") for name, total, photos, _ in gallery.rows()]
    with pytest.raises(InputError, match=r"2 people are enrolled already \(Ada, Bob\); say --existing"):
        gallery.take_in([*rows, ("Cid", np.ones(DIM), 1, "2020-01-01")])
    with pytest.raises(InputError, match="printable"):
        gallery.take_in([*rows, ("", np.ones(DIM), 1, "2020-01-01")], existing="add")
    assert [(person.name, person.photos) for person in gallery.people()] == [("Ada", 1), ("Bob", 1)]
    gallery.take_in(rows[:1], existing="add")
    assert np.linalg.norm(gallery.rows()[0][1]) == pytest.approx(3, abs=1e-5)
    assert [(person.photos, person.updated[:4]) for person in gallery.people()][:1] == [(3, "2020")]


def test_files_that_are_no_gallery(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such gallery"):
        Gallery(tmp_path / "missing.db")
    (tmp_path / "text.db").write_text("hello, this is not a database at all")
    with pytest.raises(InputError, match="not a faceline gallery"):
        Gallery(tmp_path / "text.db")
    sqlite3.connect(tmp_path / "other.db").executescript("CREATE TABLE t (x); INSERT INTO t VALUES (1);")
    with pytest.raises(InputError, match="not a faceline gallery"):
        Gallery(tmp_path / "other.db")
    with pytest.raises(InputError, match="no folder"):
        Gallery.open_or_create(tmp_path / "nowhere" / "people.db", MODEL, DIM)


def test_readers_go_on_while_a_writer_holds_the_lock(path: Path, gallery: Gallery) -> None:
    gallery.enroll({"Ada": unit(1)})
    with gallery._writing() as database, Gallery(path) as reader:
        database.execute("DELETE FROM people")
        assert [person.name for person in reader.people()] == ["Ada"]


def _enroll_until_killed(path: Path, reports, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with Gallery.open_or_create(path, MODEL, DIM) as gallery:
        for number in range(100_000):
            name = f"{seed} {number}"
            gallery.enroll({name: unit(int(rng.integers(1, 4)), seed=number)})
            reports.send(name)


def test_killed_at_any_moment_it_holds_everybody_reported(path: Path) -> None:
    """Fifty kills at random moments, creation included: each time it opens, whole."""
    context = multiprocessing.get_context("fork")
    rng = np.random.default_rng(5)
    reported: set[str] = set()
    for kill in range(50):
        if kill % 10 == 0:  # from the very creation
            reported.clear()
            for file in path.parent.glob("*people.db*"):
                if file.is_file():
                    file.unlink()
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_enroll_until_killed, args=(path, sender, kill))
        child.start()
        sender.close()
        if kill % 2:  # in the middle of its work, however slow the machine is
            assert receiver.poll(60)
        time.sleep(float(rng.uniform(0, 0.04)))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        try:
            while True:
                reported.add(receiver.recv())
        except EOFError:
            pass
        if not path.exists():
            assert not reported
            continue
        with Gallery(path) as gallery:
            people = {person.name: person for person in gallery.people()}
            assert reported <= people.keys()
            assert len(people) <= len(reported) + kill % 10 + 1
            references = gallery.references()  # a half-written row would not have its size
            assert np.allclose(np.linalg.norm(references.embeddings, axis=1), 1, atol=1e-5)
            check = gallery._database.execute("PRAGMA integrity_check").fetchone()[0]
            assert check == "ok"
    assert reported


def _enroll_some(path: Path, process: int) -> None:
    for number in range(25):
        with Gallery.open_or_create(path, MODEL, DIM) as gallery:
            gallery.enroll({f"{process} {number}": unit(1), "everybody": unit(1, seed=process)})


def test_four_processes_at_once_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    crowd = [context.Process(target=_enroll_some, args=(path, process)) for process in range(4)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join()
    assert [process.exitcode for process in crowd] == [0] * 4
    with Gallery(path) as gallery:
        people = {person.name: person.photos for person in gallery.people()}
    assert len(people) == 101
    assert people["everybody"] == 100
