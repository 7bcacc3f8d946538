"""Where the files of models from the field lie: the user's cache, filled by `faceline fetch`, checked by hash."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from platformdirs import user_cache_path

from faceline.core.errors import InputError
from faceline.core.files import replacing
from faceline.field.facts import ModelFacts, model_facts

CACHE_VARIABLE = "FACELINE_CACHE"


def cache_folder() -> Path:
    """What FACELINE_CACHE names, else the user's cache (under `XDG_CACHE_HOME` on Linux)."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("faceline")


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(facts: ModelFacts) -> Path:
    """Where a model's file is, or will be once it has been fetched."""
    if facts.file is not None:
        return facts.file
    return cache_folder() / str(facts.address).rpartition("/")[2]


def model_path(name_or_yaml: str | Path | ModelFacts) -> Path:
    """The file of a model, its hash checked.

    Raises:
        InputError: no such model, its file is not there (fetch it), or another file is.
    """
    facts = name_or_yaml if isinstance(name_or_yaml, ModelFacts) else model_facts(name_or_yaml)
    path = place(facts)
    if not path.is_file():
        if facts.file is not None:
            raise InputError(f"{path}: no such file; the facts of {facts.name} name it as `file`")
        raise InputError(
            f"{facts.name}: its file is not at {path}; `faceline fetch {facts.name}` downloads it, "
            f"`faceline fetch {facts.name} --from FILE` takes one that you have"
        )
    _check(path, facts)
    return path


def take(facts: ModelFacts, source: Path) -> Path:
    """Copies a file that is there into the cache, whole or not at all.

    Raises:
        InputError: no such file, or not the model's.
    """
    if not source.is_file():
        raise InputError(f"{source}: no such file")
    _check(source, facts)
    path = place(facts)
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)
    return path


def _check(path: Path, facts: ModelFacts) -> None:
    found = file_hash(path)
    if facts.sha256 not in (None, found):
        mend = f"`faceline fetch {facts.name}` gets it" if facts.file is None else "state its own, or get the file"
        raise InputError(f"{path}: not the file of {facts.name}: its SHA-256 is {found}, not {facts.sha256}; {mend}")
