"""Engines by name, and those that cannot be had."""

import pytest

from faceline.core.errors import InputError
from faceline.core.params import parse_group
from faceline.engines import opening
from faceline.engines.engine import LocalEngine
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams


def test_the_local_engine_needs_no_ray(monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    assert isinstance(open_engine(EngineParams(engine="local")), LocalEngine)


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    with pytest.raises(InputError) as error:
        open_engine(EngineParams(engine="ray"))
    assert str(error.value) == "runtime.engine: ray needs the package ray: pip install 'faceline[ray]'"


def test_an_engine_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(InputError, match=r"runtime\.engine: Input should be 'local' or 'ray' \(got 'spark'\)"):
        parse_group(EngineParams, {"engine": "spark", "device": "cpu"})
