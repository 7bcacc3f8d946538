"""Files of faces and embeddings are their owner's alone, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceline.pipeline.private import make_private, private_folder, replacing_privately


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_from_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    path.write_text("old, for everybody")
    with replacing_privately(path) as temporary:
        assert mode(temporary) == 0o600
        temporary.write_text("new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)


def test_new_folders_are_private_and_old_ones_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir(mode=0o755)
    private_folder(tmp_path / "old/new/newer")
    assert [mode(tmp_path / name) for name in ("old", "old/new", "old/new/newer")] == [0o755, 0o700, 0o700]
    private_folder(tmp_path / "old")
    assert mode(tmp_path / "old") == 0o755


def test_a_folder_is_private_all_through(tmp_path: Path) -> None:
    (tmp_path / "out/Ada").mkdir(parents=True)
    (tmp_path / "out/Ada/1.jpg").touch()
    (tmp_path / "out/rows.csv").touch()
    make_private(tmp_path / "out")
    assert {mode(tmp_path / "out" / name) for name in ("", "Ada")} == {0o700}
    assert {mode(tmp_path / "out" / name) for name in ("Ada/1.jpg", "rows.csv")} == {0o600}
