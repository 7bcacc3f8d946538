import numpy as np
import torch
from torch import nn

from faceline.training.averaging import AveragedWeights


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_it_follows_the_recurrence_written_out():
    module = net()
    averaging = AveragedWeights(module, 0.9)
    expected = module[0].weight.detach().numpy().copy()
    for update in range(30):
        with torch.no_grad():
            module[0].weight += update
        averaging.update()
        decay = min(0.9, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * module[0].weight.detach().numpy()
    np.testing.assert_allclose(averaging.averaged[0].weight.numpy(), expected, rtol=1e-5)


def test_batch_statistics_are_averaged_and_counters_copied():
    module = net()
    averaging = AveragedWeights(module, 0.5)
    module(torch.full((8, 3), 5.0))
    averaging.update()
    start = torch.zeros(4)
    torch.testing.assert_close(averaging.averaged[1].running_mean, torch.lerp(start, module[1].running_mean, 0.9))
    assert averaging.averaged[1].num_batches_tracked == 1
    assert not averaging.averaged.training


def test_without_decay_it_is_the_module():
    module = net()
    averaging = AveragedWeights(module, 0.0)
    with torch.no_grad():
        module[0].weight.mul_(3)
    averaging.update()
    torch.testing.assert_close(averaging.averaged[0].weight, module[0].weight)


def test_a_restored_average_goes_on_alike():
    module = net()
    one = AveragedWeights(module, 0.9)
    one.update()
    other = AveragedWeights(net(), 0.9)
    other._module = module
    other.load_state_dict(one.state_dict())
    with torch.no_grad():
        module[0].weight.add_(1)
    one.update()
    other.update()
    assert torch.equal(one.averaged[0].weight, other.averaged[0].weight)
