"""What DVC made out of a data set, as its own files tell: outputs, and the files of its cache that hold them.

`dvc.lock` says which stage made what from what, `*.dvc` files which data DVC keeps, and the run cache what any
earlier run made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.files import parse_json, read_text
from faceline.core.params import parse_yaml

LOCK = "dvc.lock"
_HINT = "`dvc repro` writes it"


@dataclass(frozen=True)
class Entry:
    """A file or folder that DVC knows.

    Attributes:
        path: relative to the project's folder, without `..` where it lies inside.
        md5: of its content; ends in `.dir` for a folder, and is empty for what the cache never holds.
        current: whether the cache's present layout holds it; DVC 2 had another.
    """

    path: Path
    md5: str
    current: bool = True


@dataclass(frozen=True)
class Stage:
    """A stage as it ran last."""

    name: str
    deps: tuple[Entry, ...]
    outs: tuple[Entry, ...]


def read_lock(root: Path) -> list[Stage]:
    """The stages that ran, in the file's order; none where no pipeline is.

    Raises:
        InputError: `dvc.lock` is not what DVC writes.
    """
    path = root / LOCK
    if not path.exists():
        return []
    tree = parse_yaml(read_text(path, _HINT), path)
    stages = tree.get("stages") if isinstance(tree, dict) else None
    if not isinstance(stages, dict):
        raise InputError(f"{path}: expected stages; {_HINT}")
    return [
        Stage(name, _entries(stage, "deps", path, Path()), _entries(stage, "outs", path, Path()))
        for name, stage in stages.items()
    ]


def read_tracked(root: Path, inputs: Iterable[Path]) -> dict[Path, tuple[Entry, ...]]:
    """What the `.dvc` files beside `inputs`, beside the folders above them or in them say, by file."""
    found: dict[Path, tuple[Entry, ...]] = {}
    for given in inputs:
        above = [one for one in (given, *given.parents) if one.name]
        files = [one.with_name(f"{one.name}.dvc") for one in above] + sorted(given.glob("*.dvc"))
        for path in (root / file for file in files):
            if path.is_file():
                place = Path(*path.relative_to(root).parts[:-1])
                found[path] = _entries(parse_yaml(read_text(path, ""), path), "outs", path, place)
    return found


def made_from(
    stages: Iterable[Stage], inputs: Collection[Path], holds: Mapping[Path, int | None]
) -> Iterator[tuple[Stage, Entry]]:
    """The outputs that something of a person went into, stage by stage.

    Args:
        inputs: paths of the data set, relative to the project.
        holds: how many of the person's photos an output names; None for one that cannot tell. What names none hands
            nothing on.
    """
    reached = list(inputs)
    waiting = list(stages)
    while ready := [
        stage for stage in waiting if any(_meets(dep.path, one) for dep in stage.deps for one in reached)
    ]:
        waiting = [stage for stage in waiting if stage not in ready]
        for stage in ready:
            for out in stage.outs:
                if holds.get(out.path) != 0:
                    reached.append(out.path)
                    yield stage, out


def cache_files(cache: Path, entry: Entry, inside: Collection[str] | None = None) -> list[Path]:
    """The files of the cache that hold an entry; for a folder the list of its files, and those files.

    Args:
        inside: of a folder only files of these names; all by default.
    """
    own = _cache_file(cache, entry.md5, entry.current)
    if not own.is_file():
        return []
    files = [own]
    if entry.md5.endswith(".dir"):
        listed = parse_json(f'{{"files": {own.read_text()}}}', f"{own}", "`dvc status` checks the cache")["files"]
        for one in listed:
            if inside is None or Path(one["relpath"]).name in inside:
                files.append(_cache_file(cache, one["md5"], entry.current))
    return [file for file in files if file.is_file()]


def earlier_entries(cache: Path, paths: Collection[Path]) -> list[Entry]:
    """What the run cache remembers of earlier runs that made one of `paths`."""
    found = []
    for file in sorted((cache / "runs").glob("*/*/*")):
        stage = parse_yaml(read_text(file, ""), file)
        found += [entry for entry in _entries(stage, "outs", file, Path()) if entry.path in paths]
    return found


def _entries(stage: object, kind: str, path: Path, place: Path) -> tuple[Entry, ...]:
    entries = (stage.get(kind) or []) if isinstance(stage, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) and "path" in one for one in entries):
        raise InputError(f"{path}: expected {kind} with their paths, as DVC writes them")
    return tuple(
        Entry(place / str(one["path"]), str(one.get("md5", "")), one.get("hash") == "md5") for one in entries
    )


def _meets(a: Path, b: Path) -> bool:
    """Whether one of two paths is the other, or lies in it."""
    return a.is_relative_to(b) or b.is_relative_to(a)


def _cache_file(cache: Path, md5: str, current: bool) -> Path:
    return (cache / "files" / "md5" if current else cache) / md5[:2] / md5[2:]
