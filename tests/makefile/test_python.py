"""Which Python `make` builds the environment with: stand-ins in the PATH, of which some fit."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOO_OLD = "exit 1"
FITS = f'if [ "$1" = -c ]; then exec "{sys.executable}" "$@"; fi; echo "made by $0"; exit 1'


@pytest.fixture
def make(tmp_path):
    """Runs `make repro` with nothing but the given programs to be found."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "grep"):
        (programs / name).symlink_to(shutil.which(name))

    def run(pythons, *arguments):
        for name, body in pythons.items():
            (programs / name).write_text(f"#!/bin/sh\n{body}\n")
            (programs / name).chmod(0o755)
        command = [shutil.which("make"), "repro", *arguments]
        options = {"cwd": tmp_path, "env": {"PATH": str(programs)}, "capture_output": True, "text": True}
        done = subprocess.run(command, check=False, **options)
        assert done.returncode == 2  # no stand-in makes an environment
        return done.stdout + done.stderr

    return run


def test_a_python3_that_does_not_fit_is_passed_over(make):
    assert "python3.13 -m venv .venv\nmade by" in make({"python3": TOO_OLD, "python3.13": FITS})


def test_python3_is_taken_where_it_fits(make):
    assert "python3 -m venv .venv\nmade by" in make({"python3": FITS})


def test_one_may_be_named(make, tmp_path):
    mine = tmp_path / "bin" / "mine"
    assert f"{mine} -m venv .venv\nmade by" in make({"python3.11": FITS, "mine": FITS}, f"PYTHON={mine}")


def test_none_that_fits_is_said_at_once_with_the_way_out(make):
    printed = make({"python3": TOO_OLD, "python3.12": TOO_OLD})
    assert "no Python that fits" in printed
    assert "requires-python" in printed
    assert "make PYTHON=" in printed
    assert "-m venv" not in printed.replace("with venv and pip", "")


def test_the_names_are_those_of_the_versions_that_the_project_allows():
    text = (ROOT / "Makefile").read_text()
    listed = next(line for line in text.splitlines() if line.startswith("PYTHON = ")).split()[2:]
    allowed = next(line for line in (ROOT / "pyproject.toml").read_text().splitlines() if "requires-python" in line)
    low, high = (int(part.partition(".")[2]) for part in allowed.split('"')[1].replace(">=", "").split(",<"))
    assert listed == [f"python3.{minor}" for minor in range(low, high)] + ["python3"]
