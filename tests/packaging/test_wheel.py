"""The wheel, built and unpacked outside the repository, answers and holds all that the library reads."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from the files that git knows or could know."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "faceline", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "source" / name).write_bytes((ROOT / name).read_bytes())
    options = ["--no-deps", "--no-build-isolation", "-q", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(folder / "source")], check=True)
    return next(folder.glob("*.whl"))


def test_it_holds_every_file_of_the_library(wheel):
    source = wheel.parent / "source"
    wanted = {file.relative_to(source).as_posix() for file in (source / "faceline").rglob("*") if file.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert wanted - held == set()
    assert not [name for name in held if name.startswith(("tests/", "stages/", "benchmarks/"))]


def test_it_answers_outside_the_repository(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    ask = (
        "import sys; sys.path.insert(0, 'installed'); from faceline.cli import main; print(main.__file__); main.app()"
    )
    command = [sys.executable, "-I", "-c", ask, "identify", "--help"]
    printed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert str(tmp_path / "installed") in str((tmp_path / printed.splitlines()[0]).resolve())
    assert "--gallery" in printed
