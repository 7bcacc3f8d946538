"""Numbers of steps come back in order, whole, and once."""

import pytest
import torch

from faceline.training.transfer import StepValues, to_device

CPU = torch.device("cpu")


def test_values_arrive_once_and_are_averaged():
    values = StepValues(4, CPU)
    assert values.arrived() == []
    for step in range(3):
        values.put({"loss": torch.tensor(step + 0.5), "count": torch.tensor(step)})
        if step == 1:
            assert values.arrived() == [(0, {"loss": 0.5, "count": 0.0}), (1, {"loss": 1.5, "count": 1.0})]
    assert values.arrived(wait=True) == [(2, {"loss": 2.5, "count": 2.0})]
    assert values.arrived(wait=True) == []
    assert values.means() == {"loss": pytest.approx(1.5), "count": pytest.approx(1.0)}


def test_a_step_that_is_not_finite_is_seen():
    values = StepValues(1, CPU)
    values.put({"loss": torch.tensor(float("nan"))})
    ((step, found),) = values.arrived()
    assert step == 0
    assert found["loss"] != found["loss"]


def test_on_the_same_device_nothing_is_copied():
    tensor = torch.arange(3)
    assert to_device(tensor, CPU) is tensor
