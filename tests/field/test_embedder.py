"""Recognisers from the field, fed as their facts say."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import skimage
from field_nets import save_mean_net, save_net
from onnx import helper

from faceline.core.errors import InputError
from faceline.field.embedder import FieldEmbedder
from faceline.field.facts import RecognizerFacts, recognizer_facts
from real_data import SFACE, YUNET


def facts(path: Path, **values: object) -> RecognizerFacts:
    plain = {"input_px": 112, "template": "arcface", "colour_order": "RGB", "mean": 0, "scale": 1, "embedding_dim": 6}
    return RecognizerFacts(name="net", file=path, **{**plain, **values})


def tile(px: int = 112) -> np.ndarray:
    """Left half (10, 20, 30), right half (40, 60, 80)."""
    image = np.full((px, px, 3), (10, 20, 30), np.uint8)
    image[:, px // 2 :] = (40, 60, 80)
    return image


def unit(values: list[float]) -> np.ndarray:
    return np.array(values) / np.linalg.norm(values)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [10, 40, 20, 60, 30, 80]),
        ({"colour_order": "BGR"}, [30, 80, 20, 60, 10, 40]),
        ({"mean": 10, "scale": 0.5}, [0, 15, 5, 25, 10, 35]),
        ({"mean": (1, 2, 3), "scale": (1, 2, 3)}, [9, 39, 36, 116, 81, 231]),
        ({"mean": (1, 2, 3), "scale": (1, 2, 3), "colour_order": "BGR"}, [29, 79, 36, 116, 21, 111]),
    ],
)
def test_pixels_are_fed_as_the_facts_say(tmp_path: Path, given: dict, expected: list) -> None:
    embedder = FieldEmbedder(facts(save_mean_net(tmp_path / "net.onnx"), **given))
    found = embedder.embed([tile(), tile()], flip=False)
    np.testing.assert_allclose(found, [unit(expected)] * 2, atol=1e-5)


def test_with_flip_the_mirror_image_counts_as_much(tmp_path: Path) -> None:
    found = FieldEmbedder(facts(save_mean_net(tmp_path / "net.onnx"))).embed([tile()], flip=True)
    np.testing.assert_allclose(found, [unit([50, 50, 80, 80, 110, 110])], atol=1e-5)


def test_order_is_kept_and_the_hash_is_the_files(tmp_path: Path) -> None:
    path = save_mean_net(tmp_path / "net.onnx")
    embedder = FieldEmbedder(facts(path))
    assert embedder.model == hashlib.sha256(path.read_bytes()).hexdigest()
    tiles = np.random.default_rng(0).integers(0, 256, (9, 112, 112, 3), dtype=np.uint8)
    together = embedder.embed(list(tiles), flip=False)
    alone = [embedder.embed([one], flip=False)[0] for one in tiles]
    assert np.array_equal(together, alone)


def test_faces_of_another_size_are_brought_to_the_nets(tmp_path: Path) -> None:
    embedder = FieldEmbedder(facts(save_mean_net(tmp_path / "net.onnx", 64), input_px=64))
    assert embedder.input_px == 64
    expected = unit([10, 40, 20, 60, 30, 80])
    np.testing.assert_allclose(embedder.embed([tile(128)], flip=False), [expected], atol=1e-5)


@pytest.mark.parametrize(
    ("takes", "given", "message"),
    [
        ([1, 3, 112, 112], {"input_px": 128}, r"takes \[1, 3, 112, 112\].*say \[1, 3, 128, 128\]: check input_px"),
        ([1, 112, 112, 3], {}, "check input_px"),
        ([8, 3, 112, 112], {}, "one face"),
        ([1, 3, 112, 112], {"embedding_dim": 128}, r"gives \(1, 6\).*embedding_dim: 128"),
        ([1, 3, 112, 112], {"sha256": "0" * 64}, "SHA-256"),
    ],
)
def test_a_file_that_is_not_as_its_facts_say(tmp_path: Path, takes: list, given: dict, message: str) -> None:
    path = save_mean_net(tmp_path / "net.onnx", takes=takes)
    with pytest.raises(InputError, match=rf"(?s)net\.onnx: .*{message}"):
        FieldEmbedder(facts(path, **given))


def test_a_size_that_the_file_leaves_open_is_tried(tmp_path: Path) -> None:
    path = save_mean_net(tmp_path / "net.onnx", 112, takes=["n", 3, "height", "width"])
    assert FieldEmbedder(facts(path)).embed([tile()], flip=False).shape == (1, 6)
    with pytest.raises(InputError, match=r"gives|cannot run"):
        FieldEmbedder(facts(path, input_px=224))


def test_a_net_with_two_inputs_is_none(tmp_path: Path) -> None:
    path = save_mean_net(tmp_path / "two.onnx")
    net = onnx.load(path)
    net.graph.input.append(helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, [1]))
    onnx.save(net, path)
    with pytest.raises(InputError, match="2 inputs and 1 outputs"):
        FieldEmbedder(facts(path))


def test_other_numbers_than_floats_are_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("Flatten", ["images"], ["features"])]
    path = save_net(tmp_path / "net.onnx", nodes, {}, [1, 3, 112, 112], [1, 37632])
    net = onnx.load(path)
    for one in (net.graph.input[0], net.graph.output[0]):
        one.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    onnx.save(net, path)
    with pytest.raises(InputError, match="float32"):
        FieldEmbedder(facts(path, embedding_dim=37632))


def test_sface_answers_as_opencvs_own(field_cache: Path) -> None:
    """The same crops, real and not, through cv2.FaceRecognizerSF, which takes blue first."""
    photo = skimage.data.astronaut()
    detector = cv2.FaceDetectorYN.create(str(YUNET), "", photo.shape[1::-1], 0.8)
    theirs = cv2.FaceRecognizerSF.create(str(SFACE), "")
    bgr = np.ascontiguousarray(photo[:, :, ::-1])
    real = theirs.alignCrop(bgr, detector.detect(bgr)[1][0])
    noise = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    crops = [real, cv2.flip(real, 1), cv2.GaussianBlur(noise[0], (0, 0), 5), noise[1], np.zeros_like(real)]
    expected = np.concatenate([theirs.feature(np.ascontiguousarray(crop)) for crop in crops])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = FieldEmbedder(recognizer_facts("sface")).embed([crop[:, :, ::-1] for crop in crops], flip=False)
    assert (found * expected).sum(axis=1).min() > 0.9999
    swapped = FieldEmbedder(recognizer_facts("sface")).embed([real], flip=False)
    assert (swapped[0] * expected[0]).sum() < 0.999  # the order of colours matters
