"""The gallery: what it keeps, who may read it, and what survives kills and crowds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_people import GALLERY_DIM as DIM
from made_people import GALLERY_MODEL as MODEL
from made_people import photo_rows, unit

from faceline.core.errors import InputError
from faceline.galleries import gallery as gallery_module
from faceline.galleries.files import export_people
from faceline.galleries.gallery import Gallery
from faceline.galleries.rows import FaceQuality, PhotoRow
from faceline.galleries.schema import writing


def test_enrolling_in_parts_equals_enrolling_at_once(path: Path, tmp_path: Path) -> None:
    vectors = unit(5)
    with Gallery.open_or_create(path, MODEL, DIM) as parts:
        parts.add(photo_rows({"Ada": vectors[:2]}))
        parts.add(photo_rows({"Ada": vectors[2:]}))
        (person,) = parts.people()
        kept = parts.references().embeddings[0]
    assert person.photos == 5
    mean = vectors.mean(axis=0)
    assert kept == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_embeddings_of_any_length_count_alike(gallery: Gallery) -> None:
    vectors = unit(2)
    gallery.add(photo_rows({"Ada": vectors * [[3.0], [0.1]]}))
    mean = vectors.sum(axis=0)
    assert gallery.references().embeddings[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_references_are_everybody_by_name_with_their_photos(gallery: Gallery) -> None:
    vectors = unit(3, seed=1)
    gallery.add(photo_rows({"Bob": vectors[:2], "Ada": vectors[2:]}))
    references = gallery.references()
    assert (references.names, references.photos) == (["Ada", "Bob"], [1, 2])
    assert references.embeddings[0] == pytest.approx(vectors[2], abs=1e-6)


def test_an_empty_gallery_knows_nobody(gallery: Gallery) -> None:
    assert gallery.references().names == []
    for search in ("mean", "nearest"):
        assert gallery.references(search).similarities(unit(2)).shape == (2, 0)
    assert gallery.people() == []


def test_remove_forgets_all_or_nobody(gallery: Gallery) -> None:
    gallery.add(photo_rows({"Ada": unit(1), "Bob": unit(1)}))
    with pytest.raises(InputError, match="Zoe"):
        gallery.remove(["Ada", "Zoe"])
    assert [person.name for person in gallery.people()] == ["Ada", "Bob"]
    gallery.remove(["Ada"])
    assert [person.name for person in gallery.people()] == ["Bob"]


def test_removed_embeddings_are_overwritten_on_disk(path: Path) -> None:
    """Among many rows, so that SQLite has moved some of them from page to page meanwhile."""
    rng = np.random.default_rng(0)
    vectors = unit(600, seed=3, dim=128).astype("<f4")
    names = [f"person {number % 150}" for number in range(600)]
    with Gallery.open_or_create(path, MODEL, 128) as gallery:
        for some in np.split(rng.permutation(600), 12):
            gallery.add([PhotoRow(names[number], f"{number}.jpg", vectors[number], "2020-01-01") for number in some])
        gone = set(rng.choice(150, 75, replace=False).tolist())
        present = _held(path, vectors)
        gallery.remove([f"person {number}" for number in gone])
        kept = [number for number in range(600) if number % 150 not in gone]
        gallery.remove_photos(names[kept[0]], [f"{kept[0]}.jpg"])
        held = _held(path, vectors)
    assert present == set(range(600))
    assert held == set(kept[1:])


def _held(path: Path, vectors: np.ndarray) -> set[int]:
    """Which rows' embeddings lie anywhere in the gallery's files."""
    contents = b"".join(file.read_bytes() for file in path.parent.glob("people.db*"))
    return {number for number, vector in enumerate(vectors) if vector.tobytes()[:64] in contents}


def test_file_and_its_logs_are_private(path: Path) -> None:
    before = os.umask(0)
    try:
        with Gallery.open_or_create(path, MODEL, DIM) as gallery:
            gallery.add(photo_rows({"Ada": unit(1)}))
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
        gallery.add(photo_rows({name: unit(1)}))
    assert len(gallery) == 0


def test_two_spellings_of_one_name_are_one_person(gallery: Gallery) -> None:
    gallery.add(photo_rows({"Zo\u00eb": unit(1)}))
    gallery.add(photo_rows({"Zoe\u0308": unit(1, seed=1)}))
    assert [(person.name, person.photos) for person in gallery.people()] == [("Zo\u00eb", 2)]


@pytest.mark.parametrize("vector", [np.zeros(DIM), np.full(DIM, np.nan), np.ones(DIM + 1)])
def test_unusable_embeddings_change_nothing(gallery: Gallery, vector: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Bob"):
        gallery.add(photo_rows({"Ada": unit(1), "Bob": vector[None]}))
    assert len(gallery) == 0


def test_photos_of_another_gallery_are_added_whole_or_not_at_all(gallery: Gallery) -> None:
    gallery.add(photo_rows({"Ada": unit(1), "Bob": unit(1, seed=1)}))
    more = photo_rows({"Ada": unit(2, seed=2), "Cid": unit(1)}, enrolled="2021-01-01")
    with pytest.raises(InputError, match=r"1 people are enrolled already \(Ada\); say --existing"):
        gallery.add(more, existing="refuse")
    with pytest.raises(InputError, match="printable"):
        gallery.add([*more, *photo_rows({"": unit(1)})])
    assert [(person.name, person.photos) for person in gallery.people()] == [("Ada", 1), ("Bob", 1)]
    gallery.add(more[:2], existing="add")
    assert [(person.photos, person.updated[:4]) for person in gallery.people()] == [(3, "2021"), (1, "2020")]
    gallery.add(more[:2], existing="replace")
    assert [(person.photos, person.updated[:4]) for person in gallery.people()] == [(2, "2021"), (1, "2020")]


def test_every_photo_is_kept_with_its_file_and_quality(gallery: Gallery) -> None:
    quality = FaceQuality(123.4, 80.0, -0.1, 0.05, 0.99)
    vectors = unit(2)
    gallery.add([PhotoRow("Ada", "staff/ada/one.jpg", 3 * vectors[0], "2020-01-01", quality)])
    gallery.add([PhotoRow("Ada", b"two\xff.jpg".decode(errors="surrogateescape"), vectors[1], "2021-01-01")])
    first, second = gallery.rows()
    assert (first.photo, first.quality, first.enrolled, first.photos) == ("one.jpg", quality, "2020-01-01", 1)
    assert first.embedding == pytest.approx(vectors[0], abs=1e-6)
    assert (second.photo, second.quality) == (r"two\udcff.jpg", None)


def test_photos_are_taken_back_by_file_or_by_id(gallery: Gallery) -> None:
    vectors = unit(4)
    gallery.add(photo_rows({"Ada": vectors, "Bob": unit(2, seed=1)}))
    gallery.remove_photos("Ada", ["elsewhere/2.jpg", str(gallery.rows()[3].id)])
    left = [row for row in gallery.rows() if row.name == "Ada"]
    assert [row.photo for row in left] == ["1.jpg", "3.jpg"]
    mean = vectors[[0, 2]].mean(axis=0)
    assert gallery.references().embeddings[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    gallery.remove_photos("Ada", ["1.jpg", "3.jpg"])
    assert [(person.name, person.photos) for person in gallery.people()] == [("Bob", 2)]


def test_a_photo_that_is_not_there_or_not_one_is_named_and_nothing_removed(gallery: Gallery) -> None:
    gallery.add(photo_rows({"Ada": unit(2), "Bob": unit(1)}))
    gallery.add(photo_rows({"Ada": unit(1, seed=7)}))
    ids = [str(row.id) for row in gallery.rows()]
    with pytest.raises(InputError, match=rf"2 photos called 1\.jpg; give an id: {ids[0]}, {ids[2]}"):
        gallery.remove_photos("Ada", ["2.jpg", "1.jpg"])
    with pytest.raises(InputError, match=r"no photo 9\.jpg; `faceline list --photos`"):
        gallery.remove_photos("Ada", ["2.jpg", "9.jpg"])
    with pytest.raises(InputError, match="no photo"):
        gallery.remove_photos("Ada", [ids[3]])  # Bob's
    with pytest.raises(InputError, match="Zoe"):
        gallery.remove_photos("Zoe", ["1.jpg"])
    assert [str(row.id) for row in gallery.rows()] == ids


def test_a_photo_is_known_again_by_its_name_and_face(gallery: Gallery) -> None:
    first, other = photo_rows({"Ada": unit(2)})
    again = replace(first, photo="elsewhere/1.jpg", embedding=2 * first.embedding + 1e-5)
    sums = replace(first, photos=3)
    assert gallery.add([first, again]) == [True, False]
    rows = [again, replace(first, name="Bob"), replace(first, photo="2.jpg"), replace(other, photo="1.jpg"), sums]
    assert gallery.add(rows) == [False, True, True, True, True]
    assert gallery.add(rows) == [False] * 5
    assert [person.photos for person in gallery.people()] == [3 + 3, 1]
    assert gallery.add(rows[:1], existing="replace") == [True]
    assert [person.photos for person in gallery.people()] == [1, 1]


def test_whoever_is_enrolled_meanwhile_is_refused(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process enrols Ada when this one begins to write, at the last moment that it can."""
    begin = gallery_module.writing

    def late(database: sqlite3.Connection) -> AbstractContextManager[sqlite3.Connection]:
        monkeypatch.setattr(gallery_module, "writing", begin)
        with Gallery(gallery.path) as other:
            other.add(photo_rows({"Ada": unit(1)}))
        return begin(database)

    monkeypatch.setattr(gallery_module, "writing", late)
    with pytest.raises(InputError, match="enrolled already"):
        gallery.add(photo_rows({"Ada": unit(1, seed=5)}), existing="refuse")
    assert [person.photos for person in gallery.people()] == [1]


def test_an_id_is_never_given_twice(gallery: Gallery) -> None:
    gallery.add(photo_rows({"Ada": unit(2)}))
    last = gallery.rows()[-1].id
    gallery.remove(["Ada"])
    gallery.add(photo_rows({"Ada": unit(1)}))
    assert gallery.rows()[0].id > last


def test_references_by_the_nearest_photo(gallery: Gallery) -> None:
    vectors = unit(5)
    gallery.add(photo_rows({"Bob": vectors[:3], "Ada": vectors[3:]}))
    gallery.add(photo_rows({"Ada": unit(1, seed=9)}))
    references = gallery.references("nearest")
    assert (references.names, references.photos) == (["Ada", "Bob"], [3, 3])
    probes = unit(4, seed=5)
    people = [[*vectors[3:], unit(1, seed=9)[0]], vectors[:3]]
    expected = [[max(float(probe @ photo) for photo in photos) for photos in people] for probe in probes]
    assert references.similarities(probes) == pytest.approx(np.array(expected), abs=1e-6)
    means = [np.mean(photos, axis=0) for photos in people]
    expected = [[probe @ mean / np.linalg.norm(mean) for mean in means] for probe in probes]
    assert gallery.references().similarities(probes) == pytest.approx(np.array(expected), abs=1e-6)


def test_files_that_are_no_gallery(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file; .* makes a gallery"):
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
    gallery.add(photo_rows({"Ada": unit(1)}))
    with writing(gallery._database) as database, Gallery(path) as reader:
        database.execute("DELETE FROM photos")
        assert [person.name for person in reader.people()] == ["Ada"]


def _enroll_until_killed(path: Path, reports, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with Gallery.open_or_create(path, MODEL, DIM) as gallery:
        for number in range(100_000):
            name = f"{seed} {number}"
            gallery.add(photo_rows({name: unit(int(rng.integers(1, 4)), seed=number)}))
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
            another = unit(1, seed=25 * process + number)
            gallery.add(photo_rows({f"{process} {number}": unit(1), "everybody": another}))


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
