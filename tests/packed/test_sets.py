import json
import pickle

import numpy as np
import pandas as pd
import pytest

from faceline.core.errors import InputError
from faceline.packed import sets
from faceline.packed.sets import PackedSet, PackedWriter, read_rejected, write_rejected


def write(folder, chunks, per_chunk=7, metadata=None):
    folder.mkdir()
    with PackedWriter(folder, metadata) as writer:
        for chunk in range(chunks):
            numbers = range(chunk * per_chunk, (chunk + 1) * per_chunk)
            rows = pd.DataFrame({"image_id": [f"{n}.jpg" for n in numbers], "x": [n / 2 for n in numbers]})
            writer.write(rows, [bytes([n % 256]) * (n + 1) for n in numbers])


def test_round_trip_over_row_groups_and_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "ROWS_PER_GROUP", 10)
    monkeypatch.setattr(sets, "SHARD_BYTES", 1500)
    write(tmp_path / "set", 10, metadata={"kind": "test"})
    read = PackedSet(tmp_path / "set")
    assert len(list((tmp_path / "set").iterdir())) > 1
    assert read.metadata == {"kind": "test"}
    assert read.rows.image_id.tolist() == [f"{n}.jpg" for n in range(70)]
    assert [len(image) for image in read.encoded()] == list(range(1, 71))
    assert [len(image) for image in read.encoded([0, 9, 10, 33, 69])] == [1, 10, 11, 34, 70]
    in_blocks = [len(image) for number in range(read.blocks[-1] + 1) for image in read.block(number).to_pylist()]
    assert in_blocks == list(range(1, 71))
    assert np.bincount(read.blocks).tolist() == [len(read.block(number)) for number in range(read.blocks[-1] + 1)]
    assert np.bincount(read.blocks).max() <= 10
    assert sum(in_blocks) < read.image_bytes() < 3 * sum(in_blocks)


def test_files_beyond_the_ten_thousandth_stay_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "ROWS_PER_GROUP", 1)
    monkeypatch.setattr(sets, "SHARD_BYTES", 1)
    folder = tmp_path / "set"
    write(folder, 3, per_chunk=1)
    (folder / "part-0002.parquet").rename(folder / "part-10000.parquet")
    (folder / "part-0001.parquet").rename(folder / "part-9999.parquet")
    manifest = folder / "_manifest.json"
    manifest.write_text(manifest.read_text().replace("part-0001", "part-9999").replace("part-0002", "part-10000"))
    assert PackedSet(folder).rows.image_id.tolist() == ["0.jpg", "1.jpg", "2.jpg"]


def test_a_set_goes_to_another_process_by_its_path_alone(tmp_path):
    write(tmp_path / "set", 20)
    here = PackedSet(tmp_path / "set")
    sent = pickle.dumps(here)
    assert len(sent) < 1000
    there = pickle.loads(sent)
    pd.testing.assert_frame_equal(there.rows, here.rows)
    assert list(there.encoded()) == list(here.encoded())


def test_pandas_reads_it_alone(tmp_path):
    write(tmp_path / "set", 2)
    table = pd.read_parquet(tmp_path / "set" / "part-0000.parquet")
    assert table.image.map(len).tolist() == list(range(1, 15))


def test_same_input_same_bytes(tmp_path):
    for name in "ab":
        write(tmp_path / name, 3)
    a, b = ({one.name: one.read_bytes() for one in (tmp_path / name).iterdir()} for name in "ab")
    assert a == b
    assert sorted(a) == ["_manifest.json", "part-0000.parquet"]


def lose(folder):
    (folder / "part-0001.parquet").unlink()


def swap(folder):
    (folder / "part-0001.parquet").write_bytes((folder / "part-0000.parquet").read_bytes())


def add(folder):
    (folder / "part-9999.parquet").write_bytes((folder / "part-0000.parquet").read_bytes())


def claim(text):
    return lambda folder: (folder / "_manifest.json").write_text(text)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lose, r"part-0001\.parquet: missing"),
        (swap, r"part-0001\.parquet: holds 14 faces, _manifest\.json says 7"),
        (add, r"part-9999\.parquet: not named in _manifest\.json"),
        (lambda folder: (folder / "_manifest.json").unlink(), r"_manifest\.json: no such file"),
        (claim('{"shards": {}}'), r"_manifest\.json: expected the number of faces"),
        (claim('{"shards": {"part-0000.parquet": true}}'), r"_manifest\.json: expected the number of faces"),
        (claim('{"shards": ["part-0000.parquet"]}'), r"_manifest\.json: expected the number of faces"),
        (claim("{}"), r"_manifest\.json: expected the number of faces"),
    ],
)
def test_a_set_that_is_not_whole_is_refused(change, problem, tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "ROWS_PER_GROUP", 10)
    monkeypatch.setattr(sets, "SHARD_BYTES", 100)
    write(tmp_path / "set", 3)
    assert json.loads((tmp_path / "set/_manifest.json").read_text())["shards"] == {
        "part-0000.parquet": 14,
        "part-0001.parquet": 7,
    }
    assert len(PackedSet(tmp_path / "set")) == 21
    change(tmp_path / "set")
    with pytest.raises(InputError, match=problem):
        PackedSet(tmp_path / "set")


def test_a_set_that_was_not_finished_has_no_manifest(tmp_path):
    def stop():
        with PackedWriter(tmp_path) as writer:
            writer.write(pd.DataFrame({"image_id": ["a.jpg"]}), [b"x"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop()
    assert not (tmp_path / "_manifest.json").exists()


def test_rows_must_ascend_and_a_set_must_be_there(tmp_path):
    write(tmp_path / "set", 1)
    with pytest.raises(ValueError, match="ascending"):
        list(PackedSet(tmp_path / "set").encoded(np.array([2, 1])))
    with pytest.raises(InputError, match="no packed image set"):
        PackedSet(tmp_path)


def rejected(name, reason, **more):
    return pd.DataFrame([{"image_id": name, "person": 7, "role": "query", "split": "", "reason": reason, **more}])


def test_who_is_missing_comes_back_as_text(tmp_path):
    empty = rejected("x.jpg", "poor_fit")[:0]
    write_rejected(tmp_path, [empty, rejected("007", "NA"), empty, rejected("b.jpg", "poor_fit")])
    table = read_rejected(tmp_path)
    assert table.image_id.tolist() == ["007", "b.jpg"]
    assert table.reason.tolist() == ["NA", "poor_fit"]
    assert table.split.tolist() == ["", ""]
    assert table.person.tolist() == [7, 7]


def test_nobody_missing_leaves_the_columns(tmp_path):
    write_rejected(tmp_path, [rejected("x.jpg", "poor_fit")[:0]] * 3)
    assert list(read_rejected(tmp_path)) == ["image_id", "person", "role", "split", "reason"]
    assert len(read_rejected(tmp_path)) == 0


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"_rejected\.csv: no such file"):
        read_rejected(tmp_path)


@pytest.mark.parametrize("male", [[1, 0, None], [1, 0, 1], [None, None, None]])
def test_unknown_attributes_stay_unknown_in_sets_and_rejected_tables(tmp_path, male):
    rows = pd.DataFrame({"image_id": list("abc"), "role": ["", "dev", ""], "Male": pd.array(male, "Int8")})
    with PackedWriter(tmp_path) as writer:
        for n in range(3):
            writer.write(rows[n : n + 1], [b"x"])
    pd.testing.assert_series_equal(PackedSet(tmp_path).rows.Male, rows.Male)
    write_rejected(tmp_path, [rows[:2].assign(reason="poor_fit"), rows[2:].assign(reason="NA")])
    rejected = read_rejected(tmp_path)
    pd.testing.assert_series_equal(rejected.Male, rows.Male)
    assert rejected.role.tolist() == ["", "dev", ""]
    assert rejected.reason.tolist() == ["poor_fit", "poor_fit", "NA"]
