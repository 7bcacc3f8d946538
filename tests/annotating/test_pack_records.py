"""insightface's training sets: packed, trained on, and measured on a pair set."""

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from record_files import image_record, pickled_in_python_2, tile, write_face_records, write_records
from tiny_faces import face_of, sample_params, tiny_params
from typer.testing import CliRunner

from faceline.annotating.pack_records import pack_records, read_filter
from faceline.cli.main import app
from faceline.core.errors import InputError
from faceline.imaging.images import encode_jpeg
from faceline.packed.sets import PackedSet, read_rejected
from stages.embed import embed
from stages.evaluate_recognition import evaluate_recognition
from stages.train_recognition import train_recognition

PHOTOS = [5] * 12 + [1, 1]


def test_every_person_has_one_role_and_faces_stay_as_they_are(tmp_path):
    write_face_records(tmp_path / "faces/train.rec", PHOTOS)
    packed = pack_records(tmp_path / "faces", tmp_path / "set")
    assert (packed.people, packed.photos) == (14, 62)
    assert {role: counts["people"] for role, counts in packed.chosen.items()} == {
        "train": 8,
        "dev": 2,
        "query": 2,
        "distractor": 2,
    }
    written = PackedSet(tmp_path / "set")
    keys = written.rows.image_id.str.removesuffix(".jpg").astype(int)
    assert list(written.encoded()) == [tile(key) for key in keys]
    owners = np.repeat(np.arange(14), PHOTOS)
    assert written.rows.person.tolist() == owners[keys - 1].tolist()
    assert written.rows.groupby("person").role.nunique().eq(1).all()
    assert set(written.rows.split[written.rows.role == "train"]) == {"train", "val", "test"}
    assert written.rows.Male.isna().all()
    assert len(read_rejected(tmp_path / "set")) == 0
    assert written.metadata["size_px"] == 112


def test_the_same_file_gives_the_same_bytes(tmp_path):
    write_face_records(tmp_path / "train.rec", PHOTOS)
    for name in ("a", "b"):
        pack_records(tmp_path / "train.rec", tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_roles_of_a_parameter_file(tmp_path):
    write_face_records(tmp_path / "train.rec", [6] * 10)
    tree = sample_params()
    role = {"people": 2, "min_photos": 3, "max_photos": 4}
    tree["filter"]["roles"] = dict.fromkeys(("dev", "query", "distractor"), role) | {
        "train": role | {"people": "rest"}
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    packed = pack_records(tmp_path, tmp_path / "set", read_filter(tmp_path / "params.yaml"))
    assert packed.chosen.pop("train") == {"people": 4, "photos": 16}
    assert list(packed.chosen.values()) == [{"people": 2, "photos": 8}] * 3


def test_what_is_no_jpeg_becomes_one(tmp_path):
    image = np.full((112, 112, 3), 90, np.uint8)
    png = cv2.imencode(".png", image)[1].tobytes()
    write_records(tmp_path / "train.rec", {key: image_record(key // 4, key, png) for key in range(40)})
    pack_records(tmp_path, tmp_path / "set")
    first = next(PackedSet(tmp_path / "set").encoded())
    assert first.startswith(b"\xff\xd8")
    assert np.abs(cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR).astype(int) - 90).max() <= 1


# a header of 60,000 x 60,000 px, and nothing else
HUGE_BMP = b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (tile(1, 160), "record 0: 160 x 160 px, expected"),
        (b"none", "record 0: not a readable"),
        (
            b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
            "record 0: too many pixels",
        ),
    ],
)
def test_other_images_leave_nothing(tmp_path, image, words):
    write_records(tmp_path / "train.rec", {key: image_record(key // 4, key, image) for key in range(40)})
    with pytest.raises(InputError, match=words):
        pack_records(tmp_path, tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("photos", [[5] * 3, [1] * 20])
def test_too_few_people_leave_nothing(tmp_path, photos):
    write_face_records(tmp_path / "train.rec", photos)
    done = CliRunner().invoke(app, ["pack", str(tmp_path), "--out", str(tmp_path / "set")])
    assert done.exit_code == 2
    assert "at least 7 people" in done.stderr
    assert not (tmp_path / "set").exists()


def test_a_recogniser_is_trained_on_the_set_and_measured_on_pairs(tmp_path, monkeypatch):
    """From a record file to figures of a pair set, by the verbs and stages that a user would run."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)

    def face(person: int) -> bytes:
        return encode_jpeg(cv2.resize(face_of(person, rng), (112, 112)), 95)

    write_records(Path("train.rec"), {key: image_record(key // 6, key, face(key // 6)) for key in range(120)})
    packed = json.loads(CliRunner().invoke(app, ["pack", "train.rec", "--out", "set"]).stdout)
    assert packed["photos"] == 120
    params = tiny_params(epochs=8, learning_rate=0.005, ema_decay=0.5, evaluate_every=8)
    losses, runtime = params.losses.model_dump(), params.runtime
    model = Path("models/recognizer.safetensors")
    train_recognition(params.recognition, losses, runtime, Path("set"), model, Path("report"))
    embed(params.embedding, runtime, runtime, Path("set"), model, Path("embeddings.parquet"))
    places = (Path("embeddings.parquet"), Path("set"), Path("calibration.json"), Path("m.json"), Path("recognition"))
    evaluate_recognition(params.evaluation.model_copy(update={"bootstrap_samples": 20}), *places)
    assert json.loads(Path("m.json").read_text())["auc"] > 0.5
    same = [True, False] * 20
    people = [who for pair, one in enumerate(same) for who in (pair, pair if one else pair + 100)]
    Path("new.bin").write_bytes(pickled_in_python_2([face(who) for who in people], same))
    done = CliRunner().invoke(app, ["verify", "new.bin", "--models", "models", "--device", "cpu"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["pairs"], found["photos"]) == (40, 80)
    assert found["auc"] > 0.8  # strangers' blotches are far apart from the first
