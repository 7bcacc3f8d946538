"""Variants of the parameters: a file in `params/` with what differs from `params/base.yaml`, merged into it.

A variant's leading comment says what it is for. The key `builds_on` names a variant that is merged before it.
"""

import io
from itertools import takewhile
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from faceline.core.errors import InputError
from faceline.core.files import read_text, write_text
from faceline.core.params import MAX_FILE_BYTES, PARAMS_FILE, parse_group, parse_yaml
from faceline.settings.inputs import in_the_forms_there, missing_inputs
from faceline.settings.schema import Params

FOLDER = Path("params")
_YAML = YAML()
_YAML.width = 4096  # comments are long, and no line is to be broken
_BASE = "base"
_BUILDS_ON = "builds_on"


def write_variant(name: str, out: Path = PARAMS_FILE, folder: Path = FOLDER) -> list[str]:
    """Writes the parameters of a variant, checked, whole or not at all.

    Returns:
        A line for each of the files that it names and that are not there yet.

    Raises:
        InputError: there is no such variant, it has a key that `base.yaml` has not, or a value out of range.
    """
    params = load_variant(name, folder)
    write_text(out, merge_variant(name, folder))
    return missing_inputs(params)


def load_variant(name: str, folder: Path = FOLDER) -> Params:
    """The parameters of a variant, checked.

    Raises:
        InputError: as `write_variant` does.
    """
    return parse_group(Params, parse_yaml(merge_variant(name, folder), folder / f"{name}.yaml"))


def variant_names(folder: Path = FOLDER) -> list[str]:
    """The variants in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != _BASE)


def merge_variant(name: str, folder: Path = FOLDER) -> str:
    """The text of `base.yaml` with the values of a variant: comments, order and alignment are the base's.

    Data is named in the form that is there: photos as a folder or a `.zip`, annotations as `.txt` or `.csv`.

    Raises:
        InputError: there is no such variant, it is not YAML, or it has a key that `base.yaml` has not.
    """
    tree = _load(folder / f"{_BASE}.yaml")
    for path in reversed(_lineage(name, folder)):
        _merge(tree, _load(path), path)
    in_the_forms_there(tree)
    merged = io.StringIO()
    _YAML.dump(tree, merged)
    title, _ = _title(_text(folder / f"{name}.yaml"))
    _, body = _title(merged.getvalue())
    return f"{title}# Written by `faceline params {name}` from params/base.yaml and params/{name}.yaml.\n{body}"


def _lineage(name: str, folder: Path) -> list[Path]:
    """The files of a variant, of the one that it builds on, and so on."""
    known, files = variant_names(folder), []
    while name:
        path = folder / f"{name}.yaml"
        if name not in known:
            raise InputError(f"no parameters called {name!r}; {folder} has {', '.join(known)}")
        if path in files:
            raise InputError(f"{path}: builds on itself")
        files.append(path)
        name = _load(path).get(_BUILDS_ON, "")
    return files


def _merge(base: dict, changes: dict, path: Path, within: str = "") -> None:
    """Sets every value of `changes` in `base`, in place; a mapping that is empty in `base` may get any keys."""
    for key, value in changes.items():
        if not within and key == _BUILDS_ON:
            continue
        if key not in base:
            raise InputError(f"{path}: {within}{key}: no such key in {_BASE}.yaml; there are {', '.join(base)}")
        if isinstance(value, dict) and isinstance(base[key], dict) and base[key]:
            _merge(base[key], value, path, f"{within}{key}.")
        else:
            base[key] = value


def _load(path: Path) -> dict:
    text = _text(path)
    plain = parse_yaml(text, path) or {}  # refuses what would take all memory or never end
    if not isinstance(plain, dict) or not isinstance(plain.get(_BUILDS_ON, ""), str):
        raise InputError(f"{path}: expected groups of parameters, and the name of a variant for {_BUILDS_ON}")
    try:
        return _YAML.load(text) or {}
    except YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None


def _text(path: Path) -> str:
    return read_text(path, "run this where the folder params is", MAX_FILE_BYTES)


def _title(text: str) -> tuple[str, str]:
    """The comment lines with which a file begins, and the rest of it."""
    lines = text.splitlines(keepends=True)
    title = "".join(takewhile(lambda line: line.startswith("#"), lines))
    return title, text.removeprefix(title)
