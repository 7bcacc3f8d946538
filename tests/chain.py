"""A clone of the project with tiny params, and commands run in it, for tests of the whole chain."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

TINY = {
    "sample": {
        "roles": {
            "train": {"people": 5, "photos": 10},
            "dev": {"people": 4, "photos": 5},
            "query": {"people": 6, "photos": 5},
            "distractor": {"people": 5, "photos": 2},
        }
    },
    "filter": {
        "roles": {
            "train": {"people": 5, "min_photos": 8, "max_photos": 10},
            "dev": {"people": 4, "min_photos": 4, "max_photos": 5},
            "query": {"people": 5, "min_photos": 4, "max_photos": 5},
            "distractor": {"people": 4, "min_photos": 1, "max_photos": 2},
        }
    },
    "landmarks": {"channels": 16, "stacks": 2, "depth": 3, "input_px": 64, "epochs": 6, "learning_rate": 0.004},
    "align": {"max_template_error": 10.0},
    "recognition": {"epochs": 2, "batch_size": 16, "embedding_dim": 32},
    "evaluation": {"bootstrap_samples": 100},
    "runtime": {"threads": 2, "device": "cpu"},
}


def merged(tree, changes):
    return {
        key: merged(value, changes[key]) if isinstance(changes.get(key), dict) else changes.get(key, value)
        for key, value in tree.items()
    }


def environment():
    return os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "OMP_WAIT_POLICY": "PASSIVE",
        "DVC_NO_ANALYTICS": "1",
        "GIT_AUTHOR_NAME": "test",
        "GIT_AUTHOR_EMAIL": "test@localhost",
        "GIT_COMMITTER_NAME": "test",
        "GIT_COMMITTER_EMAIL": "test@localhost",
    }


def run(command, folder, check=True):
    """Runs a command line in a folder; its output stands in the assertion when it fails."""
    options = {"cwd": folder, "env": environment(), "capture_output": True, "text": True}
    done = subprocess.run(command, shell=True, check=False, **options)
    if check:
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


def clone(folder, changes=TINY):
    """The project's files (as git sees them, uncommitted ones too) in a repository of their own, params made tiny."""
    listed = run("git ls-files -co --exclude-standard -z", ROOT).stdout.split("\0")
    for name in filter(None, listed):
        source, target = ROOT / name, Path(folder) / name
        if source.is_file() and not name.startswith(("metrics/", "dvc.lock")):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    params = yaml.safe_load((ROOT / "params/base.yaml").read_text())
    (Path(folder) / "params.yaml").write_text(yaml.safe_dump(merged(params, changes), sort_keys=False))
    run("git init -q -b main && git add -A && git commit -qm start", folder)
    return Path(folder)


def files_below(folder):
    """Every file with its bytes, by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}
