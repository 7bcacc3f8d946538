"""Random files for every reader: each is read, or refused with one of the project's own messages, within limits.

A case is a sound file of a kind, changed by edits that hypothesis draws: of each list of edits every run of
neighbours, from one of them to all. Drawing takes longer than most files take to be read.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path

import hypothesis.strategies as st
import yaml
from corpus import (
    aligned_cases,
    annotation_cases,
    earlier_cases,
    field_cases,
    gallery_cases,
    model_cases,
    params_cases,
    photo_cases,
    table_cases,
    tool_cases,
)
from corpus.case import MAX_LINES, MAX_MESSAGE, Kind
from hypothesis import HealthCheck, Phase, given, seed, settings

from faceline.core.errors import FacelineError, InputError
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import PackedSet
from faults import edits, table_edits

MAX_SECONDS, MAX_BYTES = 10.0, 1.5e9  # of processor time, of one case; resident, of the process that reads
SEED = 18
CASES_AN_EXAMPLE = 8  # of hypothesis, about
SHOWN = 5  # faults of one reader that are told

Change = Callable[[bytes, object], bytes]
Way = tuple[st.SearchStrategy, Change]

BYTES: Way = (edits.bytes_edits, edits.edit_bytes)
WORDS: Way = (edits.word_edits, edits.edit_words)
JSON: Way = (edits.tree_edits, edits.edit_json)
COLUMNS: Way = (table_edits.cell_edits, table_edits.edit_parquet)
ARRAYS: Way = (table_edits.cell_edits, table_edits.edit_arrays)
ROWS: Way = (table_edits.cell_edits, table_edits.edit_gallery)
MEMBERS: Way = (table_edits.archive_edits, table_edits.edit_archive)
PICKLES: Way = (table_edits.pickled, table_edits.as_pickle)
HEADER: Way = (table_edits.cell_edits, table_edits.edit_header)
WEIGHTS: Way = (edits.tree_edits, table_edits.edit_weights)
PROPERTIES: Way = (edits.tree_edits, table_edits.edit_properties)


def edit_yaml(sound: bytes, drawn: Sequence[edits.Edit]) -> bytes:
    return yaml.dump(edits.edit_tree(yaml.safe_load(sound), drawn), Dumper=yaml.CSafeDumper).encode()


YAML: Way = (edits.tree_edits, edit_yaml)


@dataclass(frozen=True)
class Reader:
    """What reads a kind of file.

    Attributes:
        ways: how its files are changed, by turns.
        share: its part of all cases; readers that take long have small ones.
    """

    kind: Kind
    ways: tuple[Way, ...]
    share: float


def _images(path: Path) -> tuple[list[bytes], list[str]]:
    """The photos of a packed set, and what to call them."""
    images = [*PackedSet(path.parent).encoded()]
    return images, [path.name] * len(images)


def readers() -> Iterator[Reader]:
    for name in annotation_cases.FILES:
        yield Reader(annotation_cases.celeba(name), (WORDS, WORDS, BYTES), 0.5)
    yield Reader(annotation_cases.celeba_csv(), (WORDS, WORDS, BYTES), 0.5)
    for source in ("mtfl", "keypoints68"):
        yield Reader(annotation_cases.landmark_list(source), (WORDS, WORDS, BYTES), 1)
    yield Reader(annotation_cases.selection(), (WORDS, WORDS, BYTES), 0.3)
    yield Reader(aligned_cases.records(), (BYTES,), 3)
    yield Reader(aligned_cases.record_index(), (WORDS, BYTES), 5)
    yield Reader(aligned_cases.pair_set(), (BYTES, PICKLES), 10)
    yield Reader(photo_cases.in_folder(), (BYTES,), 4)
    yield Reader(photo_cases.for_the_tool(), (BYTES,), 5)
    yield Reader(photo_cases.archive(), (MEMBERS, BYTES), 3)
    packed = table_cases.packed()
    for kind in (
        Kind(packed.name, packed.write, lambda path: [*map(decode_rgb, *_images(path))]),
        table_cases.scanned(),
        table_cases.detected(),
        table_cases.embedded(),
    ):
        yield Reader(kind, (COLUMNS, COLUMNS, BYTES), 0.3)
    yield Reader(table_cases.rejected(), (WORDS, BYTES), 0.15)
    yield Reader(table_cases.figures(), (JSON, BYTES), 12)
    yield Reader(model_cases.recognizer(), (HEADER, WEIGHTS, BYTES), 0.4)
    yield Reader(model_cases.hourglass(), (HEADER, WEIGHTS, BYTES), 0.4)
    yield Reader(model_cases.onnx_recognizer(), (PROPERTIES, PROPERTIES, BYTES), 0.4)
    yield Reader(model_cases.onnx_hourglass(), (PROPERTIES, PROPERTIES, BYTES), 0.4)
    yield Reader(model_cases.calibration(), (JSON, JSON, BYTES), 6)
    yield Reader(model_cases.box_map(), (JSON, WORDS, BYTES), 12)
    yield Reader(field_cases.facts(), (YAML, WORDS, BYTES), 1)
    yield Reader(field_cases.kept_calibration(), (JSON, JSON, BYTES), 4)
    yield Reader(gallery_cases.gallery(), (ROWS, ROWS, BYTES), 0.8)
    yield Reader(gallery_cases.export(), (ARRAYS, ARRAYS, BYTES), 0.8)
    yield Reader(earlier_cases.earlier_gallery(), (ROWS, BYTES), 0.5)
    yield Reader(earlier_cases.earlier_export(), (ARRAYS, BYTES), 0.5)
    yield Reader(tool_cases.pairs(), (WORDS, WORDS, BYTES), 8)
    for form in ("csv", "txt"):
        yield Reader(tool_cases.boxes(form), (WORDS, WORDS, BYTES), 1)
    yield Reader(tool_cases.boxes("json"), (JSON, WORDS, BYTES), 8)
    yield Reader(params_cases.params(), (YAML, WORDS, BYTES), 0.5)
    yield Reader(params_cases.variant(), (YAML, WORDS, BYTES), 0.5)


READERS = {reader.kind.name: reader for reader in readers()}
ALL_SHARES = sum(reader.share for reader in READERS.values())


@dataclass
class Tally:
    """What cases of one reader came to.

    Attributes:
        read: files that were taken.
        refused: files that were answered with a message of the project's own.
        slowest_s: seconds of processor time, of the slowest case.
        peak_mb: resident, of the process that read all of them.
        faults: other exceptions and what went over a limit, a few of them.
    """

    cases: int = 0
    read: int = 0
    refused: int = 0
    faulty: int = 0
    slowest_s: float = 0.0
    peak_mb: float = 0.0
    faults: list[str] = field(default_factory=list)


def cases_of(name: str, total: int) -> int:
    return max(1, round(total * READERS[name].share / ALL_SHARES))


def fuzz(name: str, cases: int, folder: Path) -> Tally:
    """Reads about so many random files of a kind, in an empty folder."""
    reader, tally = READERS[name], Tally()
    path = reader.kind.write(folder)
    sound = path.read_bytes()
    kept = {file for file in folder.rglob("*") if file.is_file()}
    reader.kind.read(path)  # imports what it needs, which is no case's time
    _restore(folder, kept)
    ways = st.one_of(*(way.map(lambda drawn, change=change: (change, drawn)) for way, change in reader.ways))

    @seed(SEED)
    @settings(
        max_examples=max(1, round(cases / CASES_AN_EXAMPLE)),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(ways)
    def one(drawn: tuple[Change, object]) -> None:
        change, listed = drawn
        for what in (listed[first:last] for first, last in combinations(range(len(listed) + 1), 2)):
            path.write_bytes(change(sound, what))
            fault = _read(reader.kind, path, tally)
            if fault:
                tally.faulty += 1
                tally.faults += [f"{name}: {fault}; edits {what!r:.500}"] * (len(tally.faults) < SHOWN)
            _restore(folder, kept)

    one()
    return tally


def _read(kind: Kind, path: Path, tally: Tally) -> str:
    start, fault = time.process_time(), ""
    try:
        kind.read(path)
        tally.read += 1
    except (InputError, FacelineError) as error:
        tally.refused += 1
        message = str(error)
        if len(message) > MAX_MESSAGE or message.count("\n") > MAX_LINES:
            fault = f"a message of {len(message)} characters"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__}: {str(error)[:200]} ({Path(last.filename).name}, line {last.lineno})"
    seconds = time.process_time() - start
    tally.cases += 1
    tally.slowest_s = max(tally.slowest_s, seconds)
    return fault or (f"{seconds:.1f} s" if seconds > MAX_SECONDS else "")


def _restore(folder: Path, kept: set[Path]) -> None:
    """Takes away what reading has left."""
    for found in [*folder.iterdir()]:
        if found.is_dir() and not any(file.is_relative_to(found) for file in kept):
            shutil.rmtree(found)
        elif found.is_file() and found not in kept:
            found.unlink()


def limited(name: str, cases: int, patience: int = 280) -> Tally:
    """The same in a process of its own, whose memory is measured and which a crash or a hang may end."""
    with tempfile.TemporaryDirectory(dir=_fast()) as place:
        folder, answer = Path(place) / "files", Path(place) / "answer.json"
        folder.mkdir()
        child = os.fork()
        if not child:
            code = 1
            try:
                signal.alarm(patience)
                with (Path(place) / "stderr").open("w") as said:
                    os.dup2(said.fileno(), 2)
                sys.stderr = os.fdopen(2, "w", 1)
                answer.write_text(json.dumps(asdict(fuzz(name, cases, folder))))
                code = 0
            except BaseException:  # it must not go on as the process that it was forked from
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status, used = os.wait4(child, 0)
        said = (Path(place) / "stderr").read_text()[-400:]
        if not answer.is_file():
            code = os.waitstatus_to_exitcode(status)
            return Tally(faulty=1, faults=[f"{name}: the process that read ended with {code}: {said}"])
        tally = Tally(**json.loads(answer.read_text()))
    tally.peak_mb = round(used.ru_maxrss / 1024)
    tally.slowest_s = round(tally.slowest_s, 2)
    if used.ru_maxrss * 1024 > MAX_BYTES:
        tally.faulty += 1
        tally.faults.append(f"{name}: {tally.peak_mb} MB resident")
    return tally


def _fast() -> str | None:
    """Where files lie in memory, so that the disk is not what is measured."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
