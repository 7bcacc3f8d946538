"""Runs of the pipeline under other parameters, one after another in the workspace, kept by DVC under their names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from ruamel.yaml import YAML

from faceline.core.errors import InputError

CHANGED = ("params.yaml", "dvc.lock", "metrics")


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def revision() -> str:
    """The commit that runs start from."""
    return output("git", "rev-parse", "--short", "HEAD").strip()


def check_workspace() -> None:
    """Makes sure that `restore` can undo no one's work, and that DVC can keep runs.

    Raises:
        InputError: tracked files differ from the last commit, or outputs that dvc.lock names are not in DVC's cache,
            as in a new clone: DVC would run an experiment and then fail to keep it.
    """
    changed = output("git", "status", "--porcelain", "-uno")
    if changed:
        raise InputError(f"commit or undo these first, the workspace is restored afterwards:\n{changed}")
    missing = json.loads(output("dvc", "data", "status", "--json")).get("not_in_cache", [])
    if missing:
        raise InputError(
            f"dvc.lock: {len(missing)} outputs are not in DVC's cache, {missing[0]} among them: run `dvc repro` (or "
            "`dvc pull`) and commit what it changes"
        )


def loaded(text: str) -> object:
    """YAML as DVC reads and writes it, version 1.2, in which 5e-05 is a number."""
    return YAML(typ="safe").load(text)


def flat(tree: Mapping, prefix: str = "") -> dict[str, object]:
    """The values of a tree of parameters by dotted names, with `prefix` in front."""
    values = {}
    for key, value in tree.items():
        values |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return values


def dvc_run(name: str, settings: Mapping[str, object], target: str) -> str:
    """Runs one experiment in the workspace unless there is one of that name from the present commit.

    Args:
        settings: parameters by their dotted names.
        target: the last stage wanted.

    Returns:
        The experiment's commit, which DVC's API takes for a revision.

    Raises:
        InputError: the one of that name was run with other parameters.
    """
    commit = _commit_of(name)
    if commit:
        ran, wanted = _params_of(commit), _params_of("HEAD") | settings
        if other := sorted(key for key in ran | wanted if ran.get(key) != wanted.get(key)):
            raise InputError(
                f"the experiment {name} was run with another value of {', '.join(other)}: choose a free name, or "
                f"remove it with `dvc exp remove {name}`"
            )
        print(f"{name}: already there")
        return commit
    # what an earlier run set stays in the file: start from the committed one
    subprocess.run(["git", "checkout", "-q", "--", "params.yaml"], check=True)
    options = [word for key, value in settings.items() for word in ("-S", f"{key}={value}")]
    print(f"{name}: {' '.join(options[1::2])}", flush=True)
    subprocess.run(["dvc", "exp", "run", "-q", "-n", name, *options, target], check=True)
    return _commit_of(name)


def _commit_of(name: str) -> str:
    """The commit of an experiment that started from the present one; "" where there is none."""
    head = output("git", "rev-parse", "HEAD").strip()
    reference = f"refs/exps/{head[:2]}/{head[2:]}/{name}"
    command = ["git", "rev-parse", "-q", "--verify", reference]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return found.stdout.strip()


def _params_of(commit: str) -> dict[str, object]:
    """The parameters of a commit, by dotted names."""
    return flat(loaded(output("git", "show", f"{commit}:params.yaml")))


def restore() -> None:
    """Puts the workspace back to the last commit."""
    subprocess.run(["git", "checkout", "-q", "--", *CHANGED], check=True)
    # what has never been made here cannot be put back
    subprocess.run(["dvc", "checkout", "-q", "--allow-missing"], check=True)
