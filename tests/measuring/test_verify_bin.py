"""Pair sets of aligned faces, by a recogniser that is known."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from record_files import pickled_in_python_2, tile
from sklearn.metrics import roc_auc_score
from tool_fakes import FakeEmbedder, write_onnx_models
from typer.testing import CliRunner

from faceline.cli.main import app
from faceline.measuring.verify import best_threshold

SAME = [True, True, False, False, True] * 10


@pytest.fixture
def images():
    """Pairs of one person's colours, or of two people's, all with noise."""
    rng = np.random.default_rng(1)

    def face(person):
        pixels = np.kron(np.random.default_rng(person).integers(0, 256, (4, 4, 3)), np.ones((28, 28, 1)))
        noisy = np.clip(pixels + rng.normal(0, 200, (4, 4, 3)).repeat(28, 0).repeat(28, 1), 0, 255)
        return cv2.imencode(".png", noisy.astype(np.uint8))[1].tobytes()

    return [face(who) for pair, same in enumerate(SAME) for who in (pair, pair if same else pair + 500)]


def run(folder: Path, content: bytes, *options: str):
    write_onnx_models(folder / "models")
    (folder / "lfw.bin").write_bytes(content)
    shared = ["--runtime", "onnx", "--models", str(folder / "models")]
    return CliRunner().invoke(app, ["verify", str(folder / "lfw.bin"), *shared, *options])


def test_the_protocol_is_insightfaces(tmp_path, images):
    """Contiguous tenths, each decided at the threshold that is best on the other nine."""
    done = run(tmp_path, pickled_in_python_2(images, SAME))
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    pixels = [cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for image in images]
    vectors = [sum(FakeEmbedder().embed([one, one[:, ::-1]], flip=False)) for one in pixels]
    unit = np.array([vector / np.linalg.norm(vector) for vector in vectors])
    scores, same = np.sum(unit[::2] * unit[1::2], axis=1), np.array(SAME)
    assert found["auc"] == pytest.approx(roc_auc_score(same, scores), abs=1e-3)
    accuracies = []
    for fold in range(10):
        held = slice(5 * fold, 5 * fold + 5)
        threshold = best_threshold(np.delete(scores, held), np.delete(same, held))
        accuracies.append(((scores[held] > threshold) == same[held]).mean())
    assert found["folds"]["accuracies"] == pytest.approx(accuracies)
    assert found["accuracy"] == pytest.approx(np.mean(accuracies))
    assert 0.5 < found["accuracy"] < 1
    assert "failures" not in found  # nothing is detected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda images: pickled_in_python_2(images, SAME)[:-50], "cannot be read as a pair set"),
        (lambda images: pickled_in_python_2([tile(1, 160), *images[1:]], SAME), "image 0: 160 x 160 px"),
        (lambda images: pickled_in_python_2([*images[:-1], b"none"], SAME), "image 99: not a readable image"),
    ],
)
def test_each_fault_is_named_and_ends_with_2(tmp_path, images, change, words):
    done = run(tmp_path, change(images))
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_pair_set_takes_no_folder_and_a_pairs_file_needs_one(tmp_path, images):
    done = run(tmp_path, pickled_in_python_2(images, SAME), "--images", str(tmp_path))
    assert (done.exit_code, "leave --images out" in done.stderr) == (2, True)
    (tmp_path / "pairs.txt").write_text("1\n")
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "pairs.txt")])
    assert (done.exit_code, "--images DIR" in done.stderr) == (2, True)
