import struct

import numpy as np
import pytest
from record_files import MAGIC, image_record, tile, write_face_records, write_records

from faceline.aligned_sets.face_records import FaceRecords
from faceline.aligned_sets.record_io import RecordFile
from faceline.core.errors import InputError


def test_the_smallest_file_byte_by_byte(tmp_path):
    (tmp_path / "a.rec").write_bytes(
        b"\x0a\x23\xd7\xce\x05\x00\x00\x00hello\x00\x00\x00\x0a\x23\xd7\xce\x00\x00\x00\x00"
    )
    (tmp_path / "a.idx").write_bytes(b"7\t0\n3\t16\n")
    with RecordFile(tmp_path / "a.rec", tmp_path / "a.idx") as records:
        assert records.keys.tolist() == [3, 7]
        assert records.lengths().tolist() == [0, 5]
        assert (records.read(7), records.read(3)) == (b"hello", b"")
        with pytest.raises(InputError, match="no record 4"):
            records.read(4)


@pytest.mark.parametrize(
    "data", [MAGIC, b"abcd" + MAGIC + b"x", MAGIC * 3, b"a" + MAGIC, b"12345678" + MAGIC + b"1234" + MAGIC + b"tail"]
)
def test_data_that_holds_the_magic_number_is_joined_again(tmp_path, data):
    write_records(tmp_path / "a.rec", {1: b"before", 2: data, 3: b"after"})
    with RecordFile(tmp_path / "a.rec", tmp_path / "a.idx") as records:
        assert [records.read(key) for key in (1, 2, 3)] == [b"before", data, b"after"]


def broken(folder, change):
    """What is said of a good file after `change(bytes, index)` has given other contents."""
    write_face_records(folder / "train.rec", [2, 3])
    rec, idx = folder / "train.rec", folder / "train.idx"
    content, index = change(rec.read_bytes(), idx.read_text())
    rec.write_bytes(content)
    idx.write_text(index)
    with pytest.raises(InputError) as error, FaceRecords(folder):
        pass
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rec, idx: (rec[:-100], idx), ["train.rec", "cut short"]),
        (lambda rec, idx: (rec[:-1], idx), ["train.rec", "cut short within record 7"]),
        (lambda rec, idx: (rec[: len(rec) // 2 // 4 * 4], idx), ["train.rec", "cut short"]),
        (lambda rec, idx: (b"PK\x03\x04" + rec[4:], idx), ["0x04034b50", "0xced7230a", "no MXNet record file"]),
        (lambda rec, idx: (b"", idx), ["train.rec", "cannot be read"]),
        (lambda rec, idx: (rec, idx.replace("\n1\t40\n", "\n1\t44\n")), ["no record begins at byte 44", "record 1"]),
        (lambda rec, idx: (rec, idx.replace("\n1\t40\n", "\n1\t41\n")), ["no record begins at byte 41"]),
        (lambda rec, idx: (rec, idx.replace("\n1\t40\n", "\n1\t-4\n")), ["begins at byte -4"]),
        (lambda rec, idx: (rec, idx.replace("\n1\t40\n", "\n")), ["announces 5 images", "has 4"]),
        (lambda rec, idx: (rec, idx + "1\t40\n"), ["train.idx", "key 1 stands there twice"]),
        (lambda rec, idx: (rec, "one two\n"), ["train.idx", "expected lines of a key"]),
        (lambda rec, idx: (rec, ""), ["train.idx"]),
        (lambda rec, idx: (rec.replace(struct.pack("<f", 1.0), struct.pack("<f", 1.5), 1), idx), ["label 1.5"]),
    ],
)
def test_each_fault_is_named(tmp_path, change, words):
    said = broken(tmp_path, change)
    for word in words:
        assert word in said


def test_missing_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"expected one \.rec file in this folder, found none"):
        FaceRecords(tmp_path)
    write_face_records(tmp_path / "train.rec", [2, 3])
    (tmp_path / "train.idx").unlink()
    with pytest.raises(InputError, match=r"train\.idx: no such file; the index"):
        FaceRecords(tmp_path)
    with pytest.raises(InputError, match=r"other\.rec: no such file"):
        FaceRecords(tmp_path / "other.rec")


@pytest.mark.parametrize("with_header", [True, False])
def test_faces_and_whose_they_are(tmp_path, with_header):
    write_face_records(tmp_path / "train.rec", [2, 3, 1], with_header)
    with FaceRecords(tmp_path / "train.rec") as faces:
        assert faces.keys.tolist() == [1, 2, 3, 4, 5, 6]
        assert faces.persons.tolist() == [0, 0, 1, 1, 1, 2]
        assert [faces.image(key) for key in faces.keys] == [tile(key) for key in range(1, 7)]


def test_of_several_labels_the_first_is_the_person(tmp_path):
    images = {key: image_record(0, key, tile(key), [key % 2, 99.0]) for key in range(4)}
    write_records(tmp_path / "train.rec", images)  # no record without an image: all are faces, that of key 0 too
    with FaceRecords(tmp_path) as faces:
        assert faces.persons.tolist() == [0, 1, 0, 1]
        assert faces.image(3) == tile(3)


def test_a_record_without_a_header_is_no_face(tmp_path):
    write_records(tmp_path / "train.rec", {1: image_record(0, 1, tile(1)), 2: b"short"})
    with pytest.raises(InputError, match="record 2 is too short for MXNet's image header"):
        FaceRecords(tmp_path)


def test_random_sets_are_read_as_they_were_written(tmp_path):
    rng = np.random.default_rng(3)
    data = {int(key): rng.bytes(int(rng.integers(0, 90))) for key in rng.permutation(40)}
    write_records(tmp_path / "a.rec", data)
    with RecordFile(tmp_path / "a.rec", tmp_path / "a.idx") as records:
        assert {int(key): records.read(int(key)) for key in records.keys} == data
