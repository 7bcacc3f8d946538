import pytest

from faceline.models.runtime import prepare
from faceline.settings.schema import load_params


@pytest.fixture
def runtime():
    return load_params().runtime.model_copy(update={"device": "cpu", "threads": 2})


@pytest.mark.parametrize(
    ("processes", "cores", "advised"), [(1, 2, []), (1, 1, ["1"]), (2, 2, ["1"]), (2, 8, []), (4, 3, ["1"])]
)
def test_threads_that_would_share_cores_are_told_of(runtime, processes, cores, advised, monkeypatch, caplog):
    monkeypatch.setattr("faceline.core.runtime.usable_cores", lambda: cores)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    prepare(runtime)
    assert [record.message.split("set it to ")[1] for record in caplog.records] == advised
