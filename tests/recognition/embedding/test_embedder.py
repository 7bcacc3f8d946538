"""The recogniser's file and the embedder that reads it."""

import cv2
import numpy as np
import pytest
import torch
from tiny_faces import SIZE_PX, face_of, tiny_params

from faceline.alignment.geometry.template import template
from faceline.core.errors import InputError
from faceline.models.model_file import save_model
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.heads.registry import build_head
from faceline.recognition.net import recognizer_file
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig, Recognizer
from faceline.recognition.net.recognizer_file import load_recognizer, save_recognizer

CPU = torch.device("cpu")
PEOPLE = [103, 106, 200]


def faces(count):
    rng = np.random.default_rng(2)
    return np.stack([face_of(person, rng) for person in range(count)])


def recognizer_of(loss):
    torch.manual_seed(1)
    net = EmbeddingNet(NetConfig("mobilefacenet", 16, 2, 0.3, SIZE_PX))
    # statistics of faces, as after a training: with those of a new net all faces embed alike
    images = torch.from_numpy(faces(8) / np.float32(127.5) - 1).permute(0, 3, 1, 2)
    with torch.no_grad():
        for _ in range(30):
            net(images)
    block = getattr(tiny_params().losses, loss)
    return Recognizer(net, build_head(loss, block, len(PEOPLE), 16)), block


def metadata_of(loss, block):
    return {
        "people": PEOPLE,
        "loss": {"name": loss, "params": block.model_dump()},
        "align": {"size_px": 112, "template": np.round(template(112), 4).tolist(), "landmarks": "hourglass"},
        "synthetic": True,
    }


def save(path, loss="arcface"):
    recognizer, block = recognizer_of(loss)
    save_recognizer(path, recognizer.state_dict(), recognizer.net.config, metadata_of(loss, block))
    return recognizer.eval()


@pytest.fixture
def photos():
    return faces(5)


@pytest.mark.parametrize("loss", ["arcface", "ce", "triplet", "adaface", "subcenter_arcface"])
def test_round_trip(tmp_path, photos, loss):
    recognizer = save(tmp_path / "model.safetensors", loss)
    net, head, metadata = load_recognizer(tmp_path / "model.safetensors", with_head=True)
    for saved, loaded in ((recognizer.net, net), (recognizer.head, head)):
        assert saved.state_dict().keys() == loaded.state_dict().keys()
        assert all(map(torch.equal, saved.state_dict().values(), loaded.state_dict().values()))
    assert metadata["people"] == PEOPLE
    assert metadata["colour_order"] == "RGB"
    assert metadata["mean"] == [127.5] * 3
    assert not net.training

    embedder = Embedder.load(tmp_path / "model.safetensors", CPU, with_head=True)
    assert (embedder.input_px, embedder.synthetic) == (SIZE_PX, True)
    got = embedder.embed(photos, flip=False)
    images = torch.from_numpy((photos.astype(np.float32) - 127.5) / 127.5).permute(0, 3, 1, 2)
    with torch.no_grad():
        raw, mirrored = recognizer.net(images), recognizer.net(images.flip(3))
    assert got.dtype == np.float32
    assert np.allclose(np.linalg.norm(got, axis=1), 1, atol=1e-5)
    assert np.allclose(got, raw / raw.norm(dim=1, keepdim=True), atol=1e-4)
    both = (raw + mirrored).numpy()
    flipped = embedder.embed(photos, flip=True)
    assert np.allclose(flipped, both / np.linalg.norm(both, axis=1, keepdims=True), atol=1e-4)
    _, persons = embedder.embed_and_name(photos, flip=False)
    if loss == "triplet":
        assert persons.tolist() == [-1] * 5
    else:
        scores = recognizer.head.predict(raw)
        assert persons.tolist() == [PEOPLE[index] for index in scores.argmax(dim=1)]


def test_the_head_is_loaded_only_when_it_is_asked_for(tmp_path, photos, monkeypatch):
    save(tmp_path / "model.safetensors")
    whole = Embedder.load(tmp_path / "model.safetensors", CPU, with_head=True)
    monkeypatch.setattr(recognizer_file, "build_head", None)
    bare = Embedder.load(tmp_path / "model.safetensors", CPU)
    assert np.array_equal(bare.embed(photos, flip=True), whole.embed_and_name(photos, flip=True)[0])
    with pytest.raises(ValueError, match="without its head"):
        bare.embed_and_name(photos, flip=True)


def test_a_photo_and_its_mirror_image_embed_alike_when_averaged(tmp_path, photos):
    save(tmp_path / "model.safetensors")
    embedder = Embedder.load(tmp_path / "model.safetensors", CPU)
    assert np.allclose(embedder.embed(photos, True), embedder.embed(photos[:, :, ::-1], True), atol=1e-4)
    assert not np.allclose(embedder.embed(photos, False), embedder.embed(photos[:, :, ::-1], False), atol=1e-2)


def test_batches_and_sequences_change_nothing(tmp_path, photos):
    save(tmp_path / "model.safetensors")
    embedder = Embedder.load(tmp_path / "model.safetensors", CPU)
    whole = embedder.embed(photos, True)
    assert np.allclose(embedder.embed(list(photos), True, batch_size=2), whole, atol=1e-4)
    assert embedder.embed(photos[:0], True).shape == (0, 16)


def test_other_sizes_are_brought_to_the_nets(tmp_path):
    save(tmp_path / "model.safetensors")
    embedder = Embedder.load(tmp_path / "model.safetensors", CPU)
    rng = np.random.default_rng(3)
    large = cv2.resize(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8), (112, 112))
    small = cv2.resize(large, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    assert np.allclose(embedder.embed([large], False), embedder.embed([small], False), atol=1e-5)


def test_faces_aligned_otherwise_are_refused(tmp_path):
    save(tmp_path / "model.safetensors")
    embedder = Embedder.load(tmp_path / "model.safetensors", CPU)
    metadata = {"size_px": 112, "template": np.round(template(112), 4).tolist()}
    embedder.check_alignment(metadata, "data/aligned")
    moved = (template(112) + 2).tolist()
    for wrong in ({"size_px": 96}, {"template": moved}, {"template": None}):
        with pytest.raises(InputError, match=r"data/aligned: faces aligned with (size_px|template)"):
            embedder.check_alignment(metadata | wrong, "data/aligned")


def test_files_that_are_no_recogniser_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Embedder.load(tmp_path / "missing.safetensors", CPU)
    shared = {"config": {}, "input_px": 1, "mean": [0], "std": [1]}
    save_model(tmp_path / "other.safetensors", "hourglass", {"x": torch.zeros(1)}, shared)
    with pytest.raises(InputError, match="expected a recognizer model, found hourglass"):
        Embedder.load(tmp_path / "other.safetensors", CPU)
    recognizer, block = recognizer_of("arcface")
    state = recognizer.state_dict()
    state.pop("net.neck.1.weight")
    save_recognizer(tmp_path / "part.safetensors", state, recognizer.net.config, metadata_of("arcface", block))
    with pytest.raises(InputError, match=r"(?s)weights do not fit its EmbeddingNet.*neck\.1\.weight"):
        Embedder.load(tmp_path / "part.safetensors", CPU)
