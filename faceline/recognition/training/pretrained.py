"""Weights to start from: published ones, or a file of the user's."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.recognition.net.backbone import Backbone, load_backbone
from faceline.recognition.net.embedding_net import EmbeddingNet
from faceline.recognition.net.recognizer_file import NET_PREFIX

_BACKBONE_PREFIX = "backbone."
_COUNTER = "num_batches_tracked"
MAX_ONNX_BYTES = 2**31  # protobuf reads no larger message


def start_from(net: EmbeddingNet, pretrained: str) -> list[str]:
    """Gives `net` the weights that `recognition.pretrained` names; `none` leaves it as drawn.

    A path may hold a faceline recogniser, the state of an `EmbeddingNet`, or a published state of the backbone
    (.safetensors, .pt and .pth as published, or .onnx). Layers after the backbone are taken where they fit.

    Returns:
        The names of weights that stay as they were drawn.

    Raises:
        InputError: the backbone has no weights of that name, they cannot be fetched, or the file does not fit.
    """
    if pretrained == "none":
        return [name for name in net.state_dict() if not name.endswith(_COUNTER)]
    name = net.config.backbone
    backbone = load_backbone(name)
    published = backbone.published
    if pretrained in published:
        try:
            state = published[pretrained]()
        except (OSError, RuntimeError) as error:  # no network, no disk, or a download that does not match its hash
            raise InputError(
                f"recognition.pretrained: the {pretrained} weights of {name} could not be fetched ({error}). Where "
                "there is network, download them, put the file here and give its path (pretrained: "
                "path/to/file.pth), or train without (pretrained: none)"
            ) from None
    elif Path(pretrained).is_file():
        state = Path(pretrained)
    else:
        known = ", ".join(("none", *published, "PATH of a file"))
        raise InputError(
            f"recognition.pretrained: {pretrained} is no file, and {name} has no such weights; it has: {known}"
        )
    return _fill(net, _read(state, backbone) if isinstance(state, Path) else state, pretrained)


def _read(path: Path, backbone: Backbone) -> Mapping[str, Tensor]:
    if path.suffix == ".onnx":
        return _read_onnx(path, backbone)
    safe = path.suffix == ".safetensors"
    try:
        state = load_file(path) if safe else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch names no one type for a broken file
        raise InputError(f"recognition.pretrained: {path} cannot be read as weights ({error})") from None
    if any(name.startswith(NET_PREFIX + _BACKBONE_PREFIX) for name in state):  # a recogniser: its head is left out
        return {name.removeprefix(NET_PREFIX): state[name] for name in state if name.startswith(NET_PREFIX)}
    return state


def _read_onnx(path: Path, backbone: Backbone) -> Mapping[str, Tensor]:
    if backbone.from_onnx is None:
        raise InputError(f"recognition.pretrained: {path} is an ONNX file, from which this backbone takes no weights")
    import onnx  # only where it is needed: importing it takes a while
    from google.protobuf.message import DecodeError

    check_file(path, "expected an ONNX model", MAX_ONNX_BYTES)
    try:
        held = onnx.load(path).graph.initializer
        return backbone.from_onnx({tensor.name: torch.tensor(onnx.numpy_helper.to_array(tensor)) for tensor in held})
    except (DecodeError, OSError, ValueError) as error:
        raise InputError(f"recognition.pretrained: {path} cannot be read as an ONNX model ({error})") from None
    except KeyError as error:
        raise InputError(f"recognition.pretrained: {path} holds another net: it has no {error.args[0]}") from None


def _fill(net: EmbeddingNet, state: Mapping[str, Tensor], source: str) -> list[str]:
    ours = any(name.startswith(_BACKBONE_PREFIX) for name in state)
    prefix = _BACKBONE_PREFIX if ours else ""
    backbone = {name.removeprefix(prefix): state[name] for name in state if name.startswith(prefix)}
    # older published files lack the counter, which nothing reads
    wanted = {n: tensor for n, tensor in net.backbone.state_dict().items() if not n.endswith(_COUNTER)}
    for name, tensor in wanted.items():
        given = backbone.get(name)
        if given is None or given.shape != tensor.shape:
            shape = "no such weight" if given is None else f"shape {tuple(given.shape)}"
            raise InputError(
                f"recognition.pretrained: {source} does not fit {net.config.backbone}: {name} should have shape "
                f"{tuple(tensor.shape)}, found {shape}"
            )
    net.backbone.load_state_dict({name: backbone[name] for name in wanted}, strict=False)
    # another embedding size or another neck is no mistake: those layers are trained anew
    rest = {n: tensor for n, tensor in net.state_dict().items() if not n.startswith(_BACKBONE_PREFIX)}
    found = {name: state[name] for name in rest if name in state}
    if not ours:
        published = load_backbone(net.config.backbone)
        neck = {
            f"neck.{inside}": state[outside]
            for outside, inside in published.published_neck.items()
            if outside in state
        }
        for name in neck:
            if name.endswith("running_var"):
                neck[name] = neck[name] + (published.published_neck_epsilon - nn.BatchNorm1d(1).eps)
        found |= neck
    fitting = {n: tensor for n, tensor in found.items() if tensor.shape == rest[n].shape}
    net.load_state_dict(fitting, strict=False)
    return [name for name in rest if name not in fitting and not name.endswith(_COUNTER)]
