"""Runs of the pipeline under other parameters, one after another in the workspace, kept by DVC under their names."""

from __future__ import annotations

import json
import subprocess

from faceline.core.errors import InputError

CHANGED = ("params.yaml", "dvc.lock", "metrics")


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def revision() -> str:
    """The commit that runs start from."""
    return output("git", "rev-parse", "--short", "HEAD").strip()


def refuse_unclean() -> None:
    """Makes sure that `restore` can undo no one's work.

    Raises:
        InputError: tracked files differ from the last commit.
    """
    changed = output("git", "status", "--porcelain", "-uno")
    if changed:
        raise InputError(f"commit or undo these first, the workspace is restored afterwards:\n{changed}")


def dvc_run(name: str, settings: dict[str, object], target: str) -> None:
    """Runs one experiment in the workspace unless it is there already.

    Args:
        settings: parameters by their dotted names.
        target: the last stage wanted.
    """
    known = json.loads(output("dvc", "exp", "list", "--json") or "{}")
    if any(entry.get("name") == name for entries in known.values() for entry in entries):
        print(f"{name}: already there")
        return
    options = [word for key, value in settings.items() for word in ("-S", f"{key}={value}")]
    print(f"{name}: {' '.join(options[1::2])}", flush=True)
    subprocess.run(["dvc", "exp", "run", "-q", "-n", name, *options, target], check=True)


def restore() -> None:
    """Puts the workspace back to the last commit."""
    subprocess.run(["git", "checkout", "-q", "--", *CHANGED], check=True)
    subprocess.run(["dvc", "checkout", "-q"], check=True)
