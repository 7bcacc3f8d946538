"""Which of a project's outputs hold a person's photos, and the commands that make and keep them without."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faceline.forgetting.data_sets import PersonInData
from faceline.forgetting.lineage import cache_files, earlier_entries, made_from, read_lock, read_tracked
from faceline.packed.sets import MANIFEST

_NAMES = ("image_id", "other_image_id", "photo", "other_photo")
_TABLES = (".parquet", ".csv")
_CHECKPOINTS = Path(".faceline/checkpoints")
_COPIES = Path(".dvc/tmp/exps")


@dataclass(frozen=True)
class Output:
    """An output that something of a person went into.

    Attributes:
        path: relative to the project.
        stage: that makes it.
        photos: how many of the person's it names; None for what cannot tell, such as models and pictures; 0 where
            only what earlier runs made may hold the person.
        cache: the files of DVC's cache that hold it, of this run and of earlier ones.
    """

    path: Path
    stage: str
    photos: int | None
    cache: tuple[Path, ...]


@dataclass(frozen=True)
class Project:
    """What a DVC project holds of people beside the data sets themselves.

    Attributes:
        tracked: `.dvc` files that keep versions of the data sets, with the cache's files for them.
        remotes: names of DVC's remotes.
        leftovers: checkpoints and copies of experiments, which no command of DVC's collects.
    """

    outputs: tuple[Output, ...]
    tracked: dict[Path, tuple[Path, ...]]
    remotes: tuple[str, ...]
    leftovers: tuple[Path, ...]


def find_outputs(root: Path, people: Sequence[PersonInData]) -> Project | None:
    """Everything that the project in `root` made from data sets with the person; None where no project of DVC's is.

    Raises:
        InputError: a file of DVC's is not what DVC writes.
    """
    if not (root / ".dvc").is_dir() or not people:
        return None
    from dvc.config import Config

    config = Config(dvc_dir=str(root / ".dvc"))
    cache = Path(config["cache"].get("dir") or root / ".dvc/cache")
    photos = frozenset[str]().union(*(one.photos for one in people))
    inputs = [_inside(root, path) for one in people for path in one.data.inputs]
    stages = read_lock(root)
    holds = {out.path: named_photos(root / out.path, photos) for stage in stages for out in stage.outs}
    holding = {out.path for _, out in made_from(stages, inputs, holds)}
    derived = list(made_from(stages, inputs, {}))
    earlier = earlier_entries(cache, {out.path for _, out in derived})
    outputs = []
    for stage, out in derived:
        now = out.path in holding
        versions = [entry for entry in earlier if entry.path == out.path and entry.md5 != out.md5]
        files = dict.fromkeys(file for one in [out] * now + versions for file in cache_files(cache, one))
        if now or files:
            outputs.append(Output(out.path, stage.name, holds[out.path] if now else 0, tuple(files)))
    inside = {*photos, *(path.name for one in people for path in (*one.rows, *one.archived))}
    inside |= {one.data.people.name for one in people if one.data.people}
    tracked = {
        path: tuple(dict.fromkeys(file for entry in entries for file in cache_files(cache, entry, inside)))
        for path, entries in read_tracked(root, inputs).items()
    }
    leftovers = [*sorted((root / _CHECKPOINTS).glob("*")), *([root / _COPIES] if (root / _COPIES).is_dir() else [])]
    return Project(tuple(outputs), tracked, tuple(sorted(config["remote"])), tuple(leftovers))


def named_photos(path: Path, photos: frozenset[str]) -> int | None:
    """How many of `photos` the tables at a path name; None where it is not there, or not tables alone."""
    files = [file for file in sorted(path.rglob("*")) if file.is_file()] if path.is_dir() else [path]
    files = [file for file in files if file.name != MANIFEST]  # it counts faces and names none
    if not path.exists() or not all(file.suffix in _TABLES for file in files):
        return None
    named: set[str] = set()
    try:
        for file in files:
            for column in _name_columns(file):
                named |= photos.intersection(column)
    except (ValueError, OSError, pa.ArrowException):
        return None
    return len(named)


def commands(project: Project | None, people: Iterable[PersonInData], keep: Sequence[str] = ()) -> list[str]:
    """What the user has to run: deleting from archives, making all outputs again, collecting what was.

    Args:
        keep: names of experiments that are to stay although they may hold the person.
    """
    # no wildcards in names, no options after the archive
    unpacked = ((file, names) for one in people for file, names in one.archived.items())
    lines = [shlex.join(["zip", "-nw", "-d", str(file), "--", *names]) for file, names in unpacked]
    if project is None:
        return lines
    lines += [shlex.join(["dvc", "add", str(path.with_suffix(""))]) for path in project.tracked]
    if project.outputs:
        lines.append("dvc repro")
    if not project.outputs and not project.tracked:
        return lines
    lines.append("dvc exp remove --queue")
    lines.append(shlex.join(["dvc", "exp", "remove", "--keep", *keep]) if keep else "dvc exp remove --all-commits")
    if project.leftovers:
        lines.append(shlex.join(["rm", "-rf", *map(str, project.leftovers)]))
    collect = "dvc gc --workspace --all-experiments" if keep else "dvc gc --workspace"
    lines.append(collect)
    return lines + [f"{collect} --cloud --remote {shlex.quote(name)}" for name in project.remotes]


def _name_columns(file: Path) -> Iterable[Iterable[str]]:
    """The columns of a table that name photos."""
    if file.suffix == ".csv":
        table = pd.read_csv(file, dtype=str, keep_default_na=False, usecols=lambda name: name in _NAMES)
        return [table[name] for name in table]
    columns = [name for name in pq.read_schema(file).names if name in _NAMES]
    return [column.to_pylist() for column in pq.read_table(file, columns=columns).columns]


def _inside(root: Path, path: Path) -> Path:
    """A path as dvc.lock has it: relative to the project."""
    return Path(os.path.relpath(path, root))
