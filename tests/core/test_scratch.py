"""What killed runs leave is swept by the next one, and only then; git never shows it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from faceline.core.files import replacing, replacing_folder, write_text
from faceline.core.scratch import SUFFIX, scratch_beside

ROOT = Path(__file__).resolve().parents[2]
WRITES = """
import sys, time
from pathlib import Path
from faceline.core.files import replacing_folder
with replacing_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def begun(tmp_path):
    """Another process in the middle of writing `set`."""
    command = [sys.executable, "-c", WRITES, str(tmp_path / "set")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout.readline() == b"begun\n"
        yield process
        process.kill()


def left(folder):
    return sorted(path.name for path in folder.glob(".*"))


@pytest.mark.parametrize("name", ["set", "another"])
def test_a_killed_runs_folder_is_swept_by_the_next_that_writes_there(begun, tmp_path, name):
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    assert len(left(tmp_path)) == 1
    write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_living_runs_folder_is_let_alone(begun, tmp_path):
    (living,) = left(tmp_path)
    write_text(tmp_path / "set.txt", "whole")
    assert left(tmp_path) == [living]
    assert (tmp_path / living / "set/half").read_text() == "half"


def test_a_folder_of_this_process_is_let_alone(tmp_path):
    (tmp_path / "other").mkdir()
    with scratch_beside(tmp_path / "a") as one:
        with replacing(tmp_path / "b") as temporary:
            temporary.touch()
        assert one.is_dir()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["b", "other"]


def test_what_only_looks_like_one_is_let_alone(tmp_path):
    """A file, a link to a folder, and a hidden folder that is somebody else's."""
    (tmp_path / "kept").mkdir()
    (tmp_path / f".a{SUFFIX}").touch()
    (tmp_path / f".b{SUFFIX}").symlink_to(tmp_path / "kept")
    (tmp_path / ".c.tmp").mkdir()
    (tmp_path / "kept/file").touch()
    write_text(tmp_path / "out", "whole")
    assert left(tmp_path) == [f".a{SUFFIX}", f".b{SUFFIX}", ".c.tmp"]
    assert (tmp_path / "kept/file").exists()


def test_a_folder_that_is_replaced_is_there_whole_until_the_new_one_is(tmp_path, monkeypatch):
    """The old one is moved away, never emptied in its place: a kill between two steps leaves nothing in part."""
    with replacing_folder(tmp_path / "set") as folder:
        (folder / "old").touch()
    seen = []
    plain = Path.replace

    def replace(self, target):
        seen.append([path.name for path in (tmp_path / "set").rglob("*")] if (tmp_path / "set").exists() else None)
        return plain(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(os, "unlink", lambda *a, **k: seen.append("unlinked"))
    with replacing_folder(tmp_path / "set") as folder:
        (folder / "new").touch()
    assert seen[0] is None
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["new"]


def test_names_longer_than_a_file_system_takes_beside_a_suffix(tmp_path):
    name = "ä" * 120 + ".txt"  # 244 bytes of at most 255
    write_text(tmp_path / name, "whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("place", ["data/sample", "models/recognizer.safetensors", "metrics/crop.json", "people.db"])
def test_git_never_shows_it(place, tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout of the project")
    with scratch_beside(tmp_path / Path(place).name) as folder:
        file = Path(place).parent / folder.name / "file"
    done = subprocess.run(["git", "check-ignore", "-q", "--no-index", str(file)], cwd=ROOT, check=False)
    assert done.returncode == 0
