"""Weights to start from."""

import socket

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from faceline.core.errors import InputError
from faceline.recognition.net.backbone import backbone_names, load_backbone
from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig
from faceline.recognition.net.recognizer_file import save_recognizer
from faceline.recognition.training.pretrained import start_from


def net_of(backbone, seed=1, embedding_dim=16, input_px=64):
    torch.manual_seed(seed)
    return EmbeddingNet(NetConfig(backbone, embedding_dim, 2, 0.0, input_px))


def same(one, two):
    return all(map(torch.equal, one.state_dict().values(), two.state_dict().values()))


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise OSError("no network here")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_none_leaves_the_net_alone():
    net = net_of("mobilefacenet")
    drawn = start_from(net, "none")
    assert {*drawn} > {*dict(net.named_parameters())}
    assert same(net, net_of("mobilefacenet"))


@pytest.mark.parametrize(
    ("backbone", "pretrained"),
    [
        ("iresnet18", "imagenet"),
        ("mobilefacenet", "vggface2"),
        ("resnet18", "vggface2"),
        ("inception_resnet_v1", "imagenet"),
    ],
)
def test_weights_that_do_not_exist_are_named_with_those_that_do(backbone, pretrained):
    net = net_of(backbone, input_px=96)
    with pytest.raises(
        InputError, match=f"{pretrained} is no file, and {backbone} has no such weights; it has: none,"
    ) as said:
        start_from(net, pretrained)
    assert all(name in str(said.value) for name in load_backbone(backbone).published)


@pytest.mark.parametrize(
    ("backbone", "pretrained"),
    [
        ("resnet18", "imagenet"),
        ("mobilenet_v3_small", "imagenet"),
        ("efficientnet_b0", "imagenet"),
        ("inception_resnet_v1", "vggface2"),
        ("inception_resnet_v1", "casia-webface"),
    ],
)
def test_without_network_the_way_out_is_said(no_network, backbone, pretrained):
    with pytest.raises(InputError, match=r"could not be fetched .*give its path .*pretrained: none"):
        start_from(net_of(backbone, input_px=96), pretrained)


def test_every_backbone_says_what_it_has():
    libraries = ("resnet", "mobilenet", "efficientnet", "inception", "sface")
    assert [name for name in backbone_names() if load_backbone(name).published] == [
        name for name in backbone_names() if name.startswith(libraries)
    ]


def test_a_recogniser_of_our_own(tmp_path):
    source = net_of("mobilefacenet", seed=2)
    state = {f"net.{name}": tensor for name, tensor in source.state_dict().items()}
    save_recognizer(tmp_path / "own.safetensors", state | {"head.weight": torch.zeros(3, 16)}, source.config, {})
    net = net_of("mobilefacenet")
    assert start_from(net, str(tmp_path / "own.safetensors")) == []
    assert same(net, source)
    other_size = net_of("mobilefacenet", embedding_dim=8)
    drawn = start_from(other_size, str(tmp_path / "own.safetensors"))
    assert drawn == [f"neck.{name}" for name in ("1.weight", "2.weight", "2.bias", "2.running_mean", "2.running_var")]
    assert same(other_size.backbone, source.backbone)
    assert other_size.neck[1].weight.shape == (8, 512)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v3_small"])
def test_a_published_file(tmp_path, backbone, suffix):
    from torchvision import models

    torch.manual_seed(5)
    state = models.get_model(backbone, weights=None).state_dict()
    path = tmp_path / f"weights{suffix}"
    torch.save(state, path) if suffix == ".pth" else save_file(state, path)
    net = net_of(backbone)
    start_from(net, str(path))
    for name, tensor in net.backbone.state_dict().items():
        assert torch.equal(tensor, state[name]), name


def test_a_published_file_without_counters(tmp_path):
    from torchvision import models

    state = models.resnet18(weights=None).state_dict()
    old = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "old.pth")
    net = net_of("resnet18")
    start_from(net, str(tmp_path / "old.pth"))
    assert torch.equal(net.backbone.conv1.weight, old["conv1.weight"])


def test_inception_brings_its_embedding_layers(tmp_path):
    """With an embedding of 512, as published, the net says what facenet-pytorch's would."""
    from facenet_pytorch import InceptionResnetV1

    torch.manual_seed(5)
    library = InceptionResnetV1(pretrained=None).eval()
    library.last_bn.running_mean.uniform_(-1, 1)
    library.last_bn.running_var.uniform_(0.001, 0.01)  # its epsilon is 0.001, and PyTorch's 0.00001
    torch.save(library.state_dict() | {"logits.weight": torch.zeros(3, 512)}, tmp_path / "vggface2.pt")
    net = net_of("inception_resnet_v1", embedding_dim=512, input_px=112)
    start_from(net, str(tmp_path / "vggface2.pt"))
    images = torch.rand(2, 3, 112, 112)
    with torch.no_grad():
        assert torch.allclose(F.normalize(net.eval()(images)), library(images), atol=1e-4)


def test_efficientnet_takes_the_librarys_weights():
    from efficientnet_pytorch import EfficientNet

    torch.manual_seed(5)
    library = EfficientNet.from_name("efficientnet-b0", image_size=64).eval()
    net = net_of("efficientnet_b0")
    net.backbone.load_state_dict({k: v for k, v in library.state_dict().items() if not k.startswith("_fc")})
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(net.eval().backbone(images), library.extract_features(images), atol=1e-5)


def test_files_that_do_not_fit(tmp_path):
    with pytest.raises(
        InputError, match=r"no/such/file.pth is no file, and mobilefacenet has .*; it has: none, PATH"
    ):
        start_from(net_of("mobilefacenet"), "no/such/file.pth")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read as weights"):
        start_from(net_of("mobilefacenet"), str(tmp_path / "junk.safetensors"))
    (tmp_path / "junk.pth").write_bytes(b"junk")
    with pytest.raises(InputError, match=r"junk\.pth cannot be read as weights"):
        start_from(net_of("mobilefacenet"), str(tmp_path / "junk.pth"))
    save_file({"some.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"does not fit mobilefacenet: 0\.weight should have shape \(64, 3, 3, 3\)"):
        start_from(net_of("mobilefacenet"), str(tmp_path / "other.safetensors"))
