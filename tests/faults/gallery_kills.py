"""Galleries under kills and many writers: what was reported as enrolled is there, whole, and nothing in part."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from made_people import GALLERY_DIM, GALLERY_MODEL, photo_rows, unit

from faceline.galleries.gallery import Gallery
from faults.forked import Forked
from faults.killing import SIGNALS
from faults.stage_kills import Counts

PEOPLE, PHOTOS = 40, 3
KILLS = 40
WRITERS, PEOPLE_OF_EACH = 8, 10
SEED = 17


def enrol(path: Path, names: Sequence[str]) -> None:
    """Enrols people one by one, those who are there left out, and says each name when it is done."""
    for name in names:
        with Gallery.open_or_create(path, GALLERY_MODEL, GALLERY_DIM) as gallery:
            if name not in {row.name for row in gallery.rows()}:
                gallery.add(photo_rows({name: unit(PHOTOS, seed=int(name))}))
        print(name, flush=True)


def rows(path: Path) -> list[tuple]:
    """Name, file, embedding and count of all photos, sorted: what does not depend on the clock and on the order."""
    with Gallery(path) as gallery:
        return sorted((row.name, row.photo, row.embedding.tobytes(), row.photos) for row in gallery.rows())


def wanted(names: Sequence[str]) -> list[tuple]:
    found = [row for name in names for row in photo_rows({name: unit(PHOTOS, seed=int(name))})]
    return sorted((row.name, row.photo, np.asarray(row.embedding, "<f4").tobytes(), row.photos) for row in found)


class Enrolment:
    """A process that enrols people, and what it says."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb") as said:
            self.process = Forked(lambda: enrol(path, names), path.parent, said.fileno())
        self._said = os.fdopen(reading)

    def first(self) -> str:
        return self._said.readline().strip()

    def rest(self) -> list[str]:
        """The names that it still says; then it has ended."""
        with self._said:
            names = self._said.read().split("\n")
        self.process.wait()
        return [name for name in names if name.isdigit()]  # what an interrupted process says is none


def kill_enrolments(kills: int = KILLS, first: int = 0) -> Counts:
    """Kills a process that enrols, looks at the gallery, and lets another one enrol the rest."""
    counts, generator = Counts(), np.random.default_rng([SEED, first])
    names = [str(number) for number in range(PEOPLE)]
    span = _seconds(names)
    place = 0
    while place < kills and span > 1e-3:
        moment, number = span * (place + generator.random()) / kills, SIGNALS[(first + place) % len(SIGNALS)]
        with tempfile.TemporaryDirectory() as folder:
            faults = _kill_once(Path(folder) / "people.db", names, moment, number, counts)
        if faults is None:
            span *= 0.8
            continue
        place += 1
        counts.kills += 1
        counts.compared += 1
        counts.equal += not faults
        counts.survived += not faults
        counts.faults += [f"gallery, {number.name} after {moment:.3f} s: {fault}" for fault in faults]
    return counts


def _seconds(names: Sequence[str]) -> float:
    """From the first person enrolled to the last, undisturbed."""
    with tempfile.TemporaryDirectory() as folder:
        enrolment = Enrolment(Path(folder) / "people.db", names)
        enrolment.first()
        begin = time.monotonic()
        enrolment.rest()
        return time.monotonic() - begin


def _kill_once(
    path: Path, names: Sequence[str], moment: float, number: signal.Signals, counts: Counts
) -> list[str] | None:
    """What was wrong; None where it had ended before."""
    enrolment = Enrolment(path, names)
    done = [enrolment.first()]
    time.sleep(moment)
    alive = enrolment.process.poll() is None
    if alive:
        os.kill(enrolment.process.pid, number)
    done += enrolment.rest()
    if not alive or enrolment.process.returncode == 0:
        return None
    faults, there = [], rows(path)
    kept = wanted(done)
    lost = sum(row not in there for row in kept)
    counts.reported += len(kept)
    counts.lost += lost
    if lost:
        faults.append(f"{lost} photos of people reported as enrolled are lost")
    if there not in (kept, wanted(names[: len(done) + 1])):
        faults.append(f"{len(there)} photos after {len(done)} people of {PHOTOS}")
    again = Enrolment(path, names)
    again.rest()
    if again.process.returncode or rows(path) != wanted(names):
        faults.append(f"enrolled again, exit code {again.process.returncode}: other rows")
    left = sorted(file.name for file in path.parent.iterdir() if file.name not in _files(path))
    return faults + [f"left {left}"] * bool(left)


def _files(path: Path) -> set[str]:
    return {path.name, f"{path.name}-wal", f"{path.name}-shm"}


def enrol_at_once(writers: int = WRITERS, people: int = PEOPLE_OF_EACH) -> Counts:
    """Processes that enrol other people into one gallery at once, one of them killed on its way."""
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.db"
        shares = [[str(1000 * writer + n) for n in range(people)] for writer in range(writers)]
        victim, *rest_of_them = [Enrolment(path, names) for names in shares]
        told = [victim.first()]
        os.kill(victim.process.pid, signal.SIGKILL)
        told += victim.rest()
        for other in rest_of_them:
            other.rest()
        codes = [other.process.returncode for other in rest_of_them]
        others = wanted([name for names in shares[1:] for name in names])
        there = rows(path)
        if any(codes):
            counts.faults.append(f"gallery, {writers} writers: exit codes {codes}")
        if [row for row in there if row in set(others)] != others:
            counts.faults.append(f"gallery, {writers} writers: rows are missing")
        rest = [row for row in there if row not in set(others)]
        counts.reported = len(others) + len(wanted(told))
        counts.lost = sum(row not in there for row in others + wanted(told))
        if rest not in (wanted(told), wanted(shares[0][: len(told) + 1])):
            counts.faults.append(f"gallery, {writers} writers: {len(rest)} photos of the one that was killed")
        counts.kills = counts.compared = 1
        counts.survived = counts.equal = int(not counts.faults)
    return counts
