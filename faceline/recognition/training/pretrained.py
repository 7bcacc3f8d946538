"""Weights to start from: published ones, or a file of the user's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from faceline.core.errors import InputError
from faceline.recognition.net.embedding_net import EmbeddingNet

NONE = "none"
_PREFIX = "backbone."
# InceptionResnetV1's embedding layers and where they go in our neck; the BN before them starts as the identity
_INCEPTION_NECK = {"last_linear.weight": "1.weight"} | {
    f"last_bn.{part}": f"2.{part}" for part in ("weight", "bias", "running_mean", "running_var")
}


def published(backbone: str) -> tuple[str, ...]:
    """The names of the published weights that a backbone has."""
    if backbone == "inception_resnet_v1":
        return ("vggface2", "casia-webface")
    if backbone.startswith(("resnet", "mobilenet", "efficientnet")):
        return ("imagenet",)
    return ()


def start_from(net: EmbeddingNet, pretrained: str) -> None:
    """Gives `net` the weights that `recognition.pretrained` names; `none` leaves it as drawn.

    A path may hold a faceline recogniser, the state of an `EmbeddingNet`, or a published state of the backbone
    (.safetensors, or .pt and .pth as published). Layers after the backbone are taken where they fit.

    Raises:
        InputError: the backbone has no weights of that name, they cannot be fetched, or the file does not fit.
    """
    backbone = net.config.backbone
    if pretrained == NONE:
        return
    if pretrained in ("imagenet", "vggface2", "casia-webface"):
        if pretrained not in published(backbone):
            known = ", ".join((NONE, *published(backbone), "PATH of a file"))
            raise InputError(f"recognition.pretrained: {backbone} has no weights {pretrained}; it has: {known}")
        state = _fetch(backbone, pretrained)
    else:
        state = _read(Path(pretrained))
    _fill(net, state, pretrained)


def _fetch(backbone: str, pretrained: str) -> Mapping[str, Tensor]:
    try:
        return _source(backbone, pretrained)()
    except (OSError, RuntimeError) as error:  # no network, no disk, or a download that does not match its hash
        raise InputError(
            f"recognition.pretrained: the {pretrained} weights of {backbone} could not be fetched ({error}). Where "
            "there is network, download them, put the file here and give its path (pretrained: "
            "path/to/file.pth), or train without (pretrained: none)"
        ) from None


def _source(backbone: str, pretrained: str) -> Callable[[], Mapping[str, Tensor]]:
    if backbone == "inception_resnet_v1":
        from facenet_pytorch import InceptionResnetV1

        return lambda: InceptionResnetV1(pretrained=pretrained).state_dict()
    if backbone.startswith("efficientnet"):
        from efficientnet_pytorch.utils import url_map

        url = url_map[backbone.replace("_", "-")]
        return lambda: torch.hub.load_state_dict_from_url(url, map_location="cpu", progress=False)
    from torchvision import models

    weights = models.get_model_weights(backbone).DEFAULT
    return lambda: weights.get_state_dict(progress=False, check_hash=True)


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise InputError(
            f"recognition.pretrained: {path} is no file, and none of none, imagenet, vggface2, casia-webface"
        )
    try:
        if path.suffix != ".safetensors":
            return torch.load(path, map_location="cpu", weights_only=True)
        with safe_open(str(path), framework="pt") as file:
            whole = any(name.startswith(_PREFIX) for name in file.keys())  # noqa: SIM118 - no dict
        state = load_file(path)
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(f"recognition.pretrained: {path} cannot be read as weights ({error})") from None
    if whole:
        return {name.removeprefix(_PREFIX): tensor for name, tensor in state.items() if name.startswith(_PREFIX)}
    return state


def _fill(net: EmbeddingNet, state: Mapping[str, Tensor], source: str) -> None:
    ours = any(name.startswith("trunk.") for name in state)
    trunk = {name.removeprefix("trunk."): state[name] for name in state if not ours or name.startswith("trunk.")}
    # older published files lack the counter, which nothing reads
    wanted = {
        name: tensor for name, tensor in net.trunk.state_dict().items() if not name.endswith("num_batches_tracked")
    }
    for name, tensor in wanted.items():
        found = trunk.get(name)
        if found is None or found.shape != tensor.shape:
            shape = "no such weight" if found is None else f"shape {tuple(found.shape)}"
            raise InputError(
                f"recognition.pretrained: {source} does not fit {net.config.backbone}: {name} should have shape "
                f"{tuple(tensor.shape)}, found {shape}"
            )
    net.trunk.load_state_dict({name: trunk[name] for name in wanted}, strict=False)
    for part in ("pool", "neck"):
        names = {name: f"{part}.{name}" for name in getattr(net, part).state_dict()}
        if part == "neck" and not ours:
            names |= {inside: outside for outside, inside in _INCEPTION_NECK.items()}
        _fill_where_it_fits(getattr(net, part), {name: state[key] for name, key in names.items() if key in state})


def _fill_where_it_fits(module: torch.nn.Module, state: Mapping[str, Tensor]) -> None:
    """Another embedding size or another neck is no mistake: those layers are trained anew."""
    wanted = module.state_dict()
    fitting = {name: tensor for name, tensor in state.items() if tensor.shape == wanted[name].shape}
    module.load_state_dict(fitting, strict=False)
