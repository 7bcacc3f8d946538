"""The cache of models from the field."""

import hashlib
from pathlib import Path

import pytest

from faceline.core.errors import InputError
from faceline.field.cache import CACHE_VARIABLE, cache_folder, model_path, take
from faceline.field.facts import ModelFacts, model_facts

CONTENT = b"a net"


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFacts:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    digest = hashlib.sha256(CONTENT).hexdigest()
    return ModelFacts(name="net", kind="detector", address="https://example.org/a/net_v1.onnx", sha256=digest)


def test_the_cache_is_the_users_unless_the_variable_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/faceline")
    monkeypatch.setenv(CACHE_VARIABLE, "/elsewhere")
    assert cache_folder() == Path("/elsewhere")


def test_a_file_that_is_there_is_taken(facts: ModelFacts, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`faceline fetch net` downloads .* --from FILE"):
        model_path(facts)
    (tmp_path / "mine").write_bytes(CONTENT)
    assert take(facts, tmp_path / "mine") == model_path(facts) == tmp_path / "cache/net_v1.onnx"
    assert model_path(facts).read_bytes() == CONTENT


def test_another_file_is_refused_and_leaves_the_cache_as_it_was(facts: ModelFacts, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"another")
    with pytest.raises(InputError, match=f"mine: not the file of net: its SHA-256 is .*, not {facts.sha256}"):
        take(facts, tmp_path / "mine")
    assert not (tmp_path / "cache").exists()
    with pytest.raises(InputError, match=r"no such file"):
        take(facts, tmp_path / "none")


def test_a_file_that_changed_in_the_cache_is_refused(facts: ModelFacts, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(CONTENT)
    take(facts, tmp_path / "mine").write_bytes(CONTENT[:3])
    with pytest.raises(InputError, match=r"not the file of net.*`faceline fetch net` gets it"):
        model_path(facts)


def test_a_users_own_file_lies_where_its_facts_say(tmp_path: Path) -> None:
    own = ModelFacts(name="own", kind="recognizer", file=tmp_path / "own.onnx")
    with pytest.raises(InputError, match=r"own.onnx: no such file; the facts of own"):
        model_path(own)
    (tmp_path / "own.onnx").write_bytes(CONTENT)
    assert model_path(own) == tmp_path / "own.onnx"
    with pytest.raises(InputError, match=r"state its own"):
        model_path(own.model_copy(update={"sha256": "0" * 64}))


def test_the_files_of_the_tests_are_those_of_the_facts(field_cache: Path) -> None:
    assert model_path("sface").parent == model_path("yunet").parent == field_cache
    assert model_facts("sface").sha256 == hashlib.sha256(model_path("sface").read_bytes()).hexdigest()
