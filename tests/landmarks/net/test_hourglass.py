import pytest
import torch
from tiny_landmarks import PARAMS

from faceline.core.errors import InputError
from faceline.landmarks.net.hourglass import HourglassConfig, StackedHourglass
from faceline.landmarks.training.hourglass_training import net_config


@pytest.mark.parametrize(("stacks", "depth", "input_px"), [(1, 1, 64), (2, 4, 64), (3, 3, 128)])
def test_shapes_and_a_gradient_for_every_parameter(stacks, depth, input_px):
    torch.manual_seed(0)
    net = StackedHourglass(HourglassConfig(stacks, 16, depth, input_px, 1.5))
    outputs = net(torch.randn(3, 3, input_px, input_px))
    assert [tuple(one.shape) for one in outputs] == [(3, 5, input_px // 4, input_px // 4)] * stacks
    sum((one - torch.rand_like(one)).square().mean() for one in outputs).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        if not name.endswith("bias"):  # a bias before a normalisation may have none
            assert parameter.grad.abs().max() > 0, name


def test_later_stacks_see_what_earlier_ones_said():
    torch.manual_seed(0)
    net = StackedHourglass(HourglassConfig(2, 16, 2, 64, 1.5)).eval()
    images = torch.randn(1, 3, 64, 64)
    before = net(images)[1]
    with torch.no_grad():
        net.heads[0].bias += 1.0
    assert not torch.allclose(net(images)[1], before)


def test_a_new_net_starts_at_empty_heatmaps():
    torch.manual_seed(0)
    outputs = StackedHourglass(HourglassConfig(2, 32, 3, 64, 1.5))(torch.randn(4, 3, 64, 64))
    assert max(one.abs().max().item() for one in outputs) < 0.2


def test_too_many_halvings_are_refused_by_name():
    with pytest.raises(InputError, match=r"landmarks\.depth"):
        net_config(PARAMS.model_copy(update={"depth": 5}))
