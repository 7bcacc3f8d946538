"""Facts of models from the field: what is stated, and what is refused."""

from pathlib import Path

import pytest

from faceline.core.errors import InputError
from faceline.field.facts import MODELS, RecognizerFacts, model_facts, model_names, recognizer_facts

OWN = """
file: nets/own.onnx
input_px: 112
template: arcface
colour_order: BGR
mean: [104, 117, 123]
scale: 0.0078125
embedding_dim: 512
"""


def test_what_is_known_of_sface_and_yunet() -> None:
    sface, yunet = model_facts("sface"), model_facts("yunet")
    assert isinstance(sface, RecognizerFacts)
    assert (sface.input_px, sface.colour_order, sface.mean, sface.scale) == (112, "RGB", 0, 1)
    assert sface.address.endswith("/face_recognition_sface_2021dec.onnx")
    assert (sface.licence, yunet.licence) == ("Apache-2.0", "MIT")
    assert yunet.sha256 == "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
    assert (model_names("detector"), model_names("recognizer")) == (["yunet"], ["sface"])


@pytest.mark.parametrize("name", [path.stem for path in MODELS.iterdir()])
def test_every_model_with_a_name_says_where_it_comes_from(name: str) -> None:
    facts = model_facts(name)
    assert facts.name == name
    assert "not stated" != facts.licence
    assert facts.training_data
    assert facts.address.startswith("https://")


def own(folder: Path, text: str = OWN) -> Path:
    path = folder / "own.yaml"
    path.write_text(text)
    return path


def test_a_users_own_model_is_named_by_its_yaml_and_lies_beside_it(tmp_path: Path) -> None:
    facts = recognizer_facts(own(tmp_path))
    assert (facts.name, facts.kind) == ("own", "recognizer")
    assert facts.file == tmp_path / "nets/own.onnx"
    assert facts.mean == (104, 117, 123)
    assert facts.sha256 is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BGR", "GRB", "colour_order: .*'RGB' or 'BGR'.*GRB"),
        ("arcface", "mtcnn", "template: .*'arcface'"),
        ("0.0078125", "0", "scale"),
        ("[104, 117, 123]", "[104, 117]", "mean"),
        ("embedding_dim: 512", "", "embedding_dim: missing"),
        ("embedding_dim", "embeding_dim", "embeding_dim: unknown; known are name, kind"),
        ("file: nets/own.onnx", "", "either `address` or `file`"),
        ("file: nets/own.onnx", "address: https://a.b/c.onnx", "goes with `sha256`"),
        ("file:", "sha256: abc\nfile:", "sha256"),
        ("input_px: 112", "input_px: 0", "input_px"),
        ("input_px: 112", "input_px: [", "not valid YAML"),
        (OWN, "- a list", "expected the facts"),
        (OWN, "", "expected the facts"),
    ],
)
def test_a_mistake_in_the_yaml_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=f"(?s)own.yaml.*{message}"):
        model_facts(own(tmp_path, OWN.replace(old, new)))


def test_an_unknown_name_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"arcnet: no such model; .* sface, yunet"):
        model_facts("arcnet")
    with pytest.raises(InputError, match=r"none.yaml: no such file; expected the facts"):
        model_facts(tmp_path / "none.yaml")


def test_a_detector_is_no_recogniser() -> None:
    with pytest.raises(InputError, match=r"yunet: a detector, not a recogniser; .*: sface"):
        recognizer_facts("yunet")
