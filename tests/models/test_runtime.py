import subprocess
import sys

import pytest
import torch

from faceline.core.errors import InputError
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare, seed_everything


@pytest.fixture
def runtime():
    before = torch.get_num_threads()
    yield RuntimeParams(device="cpu", threads=2, workers=1, devices=1, nodes=1)
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("processes", "cores", "used", "said"), [(1, 2, 2, 0), (1, 1, 1, 1), (2, 2, 1, 1), (2, 8, 2, 0), (4, 3, 1, 1)]
)
def test_threads_that_would_share_cores_are_not_started(runtime, processes, cores, used, said, monkeypatch, caplog):
    monkeypatch.setattr("faceline.models.runtime.usable_cores", lambda: cores)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    assert prepare(runtime) == torch.device("cpu")
    assert torch.get_num_threads() == used
    assert len(caplog.records) == said
    for record in caplog.records:
        assert record.message.startswith(f"runtime.threads is 2: {2 * processes} threads on {cores} usable cores")
        assert record.message.endswith(f"; {used} used")


def test_no_threads_asked_for_leaves_torchs_own_number(runtime, monkeypatch, caplog):
    monkeypatch.setattr("faceline.models.runtime.usable_cores", lambda: 1)
    torch.set_num_threads(3)
    prepare(runtime.model_copy(update={"threads": 0}))
    assert torch.get_num_threads() == 3
    assert not caplog.records


def test_a_gpu_that_is_not_there_is_bad_input(runtime, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"runtime\.device"):
        prepare(runtime.model_copy(update={"device": "cuda"}))
    assert prepare(runtime.model_copy(update={"device": "auto"})).type == "cpu"


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for seed in (3, 3, 4):
        seed_everything(seed)
        weights.append(torch.nn.Linear(4, 4).weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_deterministic_algorithms_are_asked_for_without_torchs_compiler():
    """The other call that asks for them imports it, which takes a second."""
    code = """
import sys, torch
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
prepare(RuntimeParams(device="cpu", threads=1, workers=1, devices=1, nodes=1))
print(torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled())
print(*{"torch._dynamo", "torch._inductor"} & {*sys.modules})
"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed == "True True\n\n"
