import json
import os

import numpy as np
import pytest

from faceline.core.files import replacing, replacing_folder, write_json


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]  # noqa: PTH208


def test_a_folder_replaces_a_folder_whole(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "stale").touch()
    with replacing_folder(folder) as temporary:
        (temporary / "new").touch()
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_a_read_only_hard_link_is_replaced_not_changed(tmp_path):
    cached, path = tmp_path / "cached", tmp_path / "out"
    cached.write_text("old")
    cached.chmod(0o444)
    path.hardlink_to(cached)
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert (cached.read_text(), path.read_text()) == ("old", "new")


def test_json_has_no_nan_and_six_decimals(tmp_path):
    write_json(tmp_path / "m.json", {"a": np.float32(1 / 3), "b": float("nan"), "c": [np.int64(2), None], "d": True})
    assert json.loads((tmp_path / "m.json").read_text()) == {"a": 0.333333, "b": None, "c": [2, None], "d": True}
