"""One contract for all nets, whatever their backbone and neck."""

import dataclasses

import pytest
import torch
from torch import nn

from faceline.core.errors import InputError
from faceline.recognition.net.backbone import backbone_names
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig


def config(backbone, input_px=112, stem_stride=2, embedding_dim=32, dropout=0.0):
    return NetConfig(backbone, embedding_dim, stem_stride, dropout, input_px)


@pytest.mark.parametrize("backbone", backbone_names())
def test_contract(backbone):
    torch.manual_seed(1)
    px = 96 if backbone == "inception_resnet_v1" else 64
    net = EmbeddingNet(config(backbone, px))
    images = torch.rand(2, 3, px, px) * 2 - 1
    raw = net.train()(images)
    assert raw.shape == (2, 32)
    # a sum of squares would be blind to what the last BatchNorm fixes: weigh the numbers unevenly
    (raw * torch.linspace(-1, 1, 64).view(2, 32)).sum().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []

    with torch.no_grad():
        net.eval()
        torch.manual_seed(2)
        other = EmbeddingNet(config(backbone, px)).eval()
        assert not torch.allclose(other(images), net(images))
        other.load_state_dict(net.state_dict())
        assert torch.equal(other(images), net(images))
        torch.manual_seed(2)
        again = EmbeddingNet(config(backbone, px))
        torch.manual_seed(2)
        assert all(map(torch.equal, again.parameters(), EmbeddingNet(config(backbone, px)).parameters()))
        assert torch.isfinite(net(images)).all()

    norms = [module for module in net.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert {module.momentum for module in norms} == {0.1}
    assert isinstance(net.neck[-1], nn.BatchNorm1d)


@pytest.mark.parametrize(
    ("backbone", "stem_stride", "side"),
    [
        ("iresnet18", 1, 7),
        ("iresnet18", 2, 7),
        ("mobilefacenet", 2, 7),
        ("mobilefacenet", 1, 14),
        ("mobilenet_v3_small", 2, 4),
        ("mobilenet_v3_small", 1, 7),
        ("resnet18", 1, 7),
        ("efficientnet_b0", 2, 4),
        ("efficientnet_b0", 1, 7),
        ("inception_resnet_v1", 1, 5),
    ],
)
def test_side_of_the_map(backbone, stem_stride, side):
    net = EmbeddingNet(config(backbone, stem_stride=stem_stride)).eval()
    with torch.no_grad():
        assert net.backbone(torch.zeros(1, 3, 112, 112)).shape[2:] == (side, side)
        assert net(torch.zeros(1, 3, 112, 112)).shape == (1, 32)


@pytest.mark.parametrize("input_px", [96, 160])
@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "mobilefacenet", "iresnet18", "efficientnet_b0"])
def test_other_input_sizes(backbone, input_px):
    net = EmbeddingNet(config(backbone, input_px=input_px, stem_stride=1)).eval()
    with torch.no_grad():
        assert net(torch.zeros(2, 3, input_px, input_px)).shape == (2, 32)


def test_an_efficientnet_of_stride_one_pads_like_the_library():
    """Its stem sees what a stem of stride 2 sees, and the pixels between."""
    torch.manual_seed(1)
    fine = EmbeddingNet(config("efficientnet_b0", stem_stride=1)).backbone._conv_stem
    coarse = EmbeddingNet(config("efficientnet_b0", stem_stride=2)).backbone._conv_stem
    coarse.load_state_dict(fine.state_dict())
    image = torch.rand(1, 3, 112, 112)
    # the library pads even sizes at the end only, so its grid starts at the second pixel
    assert torch.allclose(fine(image)[:, :, 1:-1:2, 1:-1:2], coarse(image)[:, :, :-1, :-1], atol=1e-5)


@pytest.mark.parametrize("backbone", ["resnet18", "iresnet18", "mobilefacenet"])
def test_the_plain_neck_lacks_the_first_norm_and_nothing_else(backbone):
    full = EmbeddingNet(config(backbone))
    plain = EmbeddingNet(dataclasses.replace(config(backbone), neck="fc_bn")).train()
    missing = {name for name, _ in full.named_parameters()} - {name for name, _ in plain.named_parameters()}
    assert len(missing) == 2
    assert all(name.startswith("pool.") for name in missing)
    assert plain(torch.rand(2, 3, 112, 112)).shape == (2, 32)


def test_the_flat_neck_tells_the_places_of_the_map_apart():
    """Two maps that hold the same values in other places have the same mean, and other embeddings."""
    torch.manual_seed(1)
    flat = EmbeddingNet(dataclasses.replace(config("resnet18"), neck="flat_bn_fc_bn")).eval()
    mean = EmbeddingNet(config("resnet18")).eval()
    places = torch.rand(2, 512, 4, 4)
    mirrored = places.flip(3)
    assert not torch.allclose(flat.neck(flat.pool(places)), flat.neck(flat.pool(mirrored)), atol=1e-2)
    assert torch.allclose(mean.neck(mean.pool(places)), mean.neck(mean.pool(mirrored)), atol=1e-5)
    assert flat(torch.rand(2, 3, 112, 112)).shape == (2, 32)


def test_dropout_is_in_force_in_training_only():
    net = EmbeddingNet(config("mobilefacenet", dropout=0.5))
    images = torch.rand(4, 3, 112, 112)
    net.eval()
    assert torch.equal(net(images), net(images))
    net.neck.train()
    assert not torch.equal(net(images), net(images))


def test_a_photo_too_small_for_the_net_is_the_users_mistake():
    with pytest.raises(InputError, match=r"recognition\.input_px: 48 px is too small for inception_resnet_v1"):
        EmbeddingNet(config("inception_resnet_v1", input_px=48))
