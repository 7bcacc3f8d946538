import numpy as np
import pytest
import torch

from faceline.training.schedule import warmup_cosine


def test_it_agrees_with_torchs_own_schedulers():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)
    expected = []
    for _ in range(30):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        cosine.step()
    factors = [warmup_cosine(step, 40, 10) for step in range(40)]
    np.testing.assert_allclose(factors[:10], np.arange(1, 11) / 10)
    np.testing.assert_allclose(factors[10:], expected, atol=1e-6)


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (1, 1), (5, 9), (7, 7)])
def test_short_runs_stay_within_0_and_1(steps, warmup):
    assert all(0 < warmup_cosine(step, steps, warmup) <= 1 for step in range(steps))
