"""SFace's net as OpenCV's model zoo has it: MobileNet's layers (Howard et al., 2017), PReLU, a stem of stride 1.

What follows the map is BN - dropout - FC - BN, as in our necks, so that the published weights fill the whole net.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from faceline.recognition.net.backbone import Backbone
from faceline.recognition.net.embedding_net import MEAN, STD

_CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)  # of the pointwise convolutions
_HALVING = (1, 3, 5, 11)  # which of the depthwise convolutions before them have stride 2
_EPSILON = 1e-3  # of the map's BatchNorms
_NECK_EPSILON = 2e-5  # of the published neck's
_LAYER = re.compile(r"(conv_\d+(?:_dw)?)_(conv2d|batchnorm|relu)_(\w+)")
_PARTS = {
    "weight": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_var": "running_var",
}


def _layers(channels_in: int, channels: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    convolution = nn.Conv2d(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm = nn.BatchNorm2d(channels, eps=_EPSILON)
    return nn.Sequential(OrderedDict(conv2d=convolution, batchnorm=norm, relu=nn.PReLU(channels)))


def _build(input_px: int, stem_stride: int) -> nn.Module:
    """Up to the map of 1024 channels, 7 x 7 for 112 px; the published net's stem has stride 1."""
    layers = OrderedDict(conv_1=_layers(3, 32, 3, stem_stride))
    channels_in = 32
    for index, channels in enumerate(_CHANNELS):
        stride = 2 if index in _HALVING else 1
        layers[f"conv_{index + 2}_dw"] = _layers(channels_in, channels_in, 3, stride, groups=channels_in)
        layers[f"conv_{index + 2}"] = _layers(channels_in, channels, 1)
        channels_in = channels
    return nn.Sequential(layers)


def _file() -> Path:
    """Where its file is: the hash says which file that is, so no stage depends on the code that finds it."""
    from faceline.field.cache import model_path

    return model_path("sface")


def _from_onnx(published: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The ONNX file's tensors under `EmbeddingNet`'s names.

    What is written otherwise there is taken in: our inputs have another scale, our fully connected layer has no bias
    (the BatchNorm after it takes it off its mean), and our necks' BatchNorms have PyTorch's epsilon.
    """
    state = {}
    for name, tensor in published.items():
        if found := _LAYER.fullmatch(name):
            block, layer, part = found.groups()
            state[f"backbone.{block}.{layer}.{_PARTS[part]}"] = tensor.flatten() if layer == "relu" else tensor
    for ours, theirs in {"pool.0": "bn1", "neck.2": "fc1"}.items():
        for part in ("gamma", "beta", "moving_mean", "moving_var"):
            state[f"{ours}.{_PARTS[part]}"] = published[f"{theirs}_{part}"]
        state[f"{ours}.running_var"] = state[f"{ours}.running_var"] + (_NECK_EPSILON - nn.BatchNorm1d(1).eps)
    state["neck.1.weight"] = published["pre_fc1_weight"]
    state["neck.2.running_mean"] = state["neck.2.running_mean"] - published["pre_fc1_bias"]
    mean, scale = published["scalar_op1"], published["scalar_op2"]
    if not torch.equal(mean, torch.full_like(mean, MEAN)):
        raise KeyError(f"inputs less {MEAN}")
    state["backbone.conv_1.conv2d.weight"] = state["backbone.conv_1.conv2d.weight"] * (STD * scale)
    return state


BACKBONE = Backbone(
    _build,
    "flat",
    {"sface": _file},
    from_onnx=_from_onnx,
    made_for={
        "input_px": (112,),
        "stem_stride": (1,),
        "embedding_dim": (128,),
        "neck": ("bn_fc_bn", "flat_bn_fc_bn"),
    },
)
