"""The net that embeds faces, and the recogniser that is trained: that net and a loss's head, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceline.core.errors import InputError
from faceline.core.params import NECKS
from faceline.recognition.training.params import RecognitionParams
from faceline.recognition.backbones import build_trunk
from faceline.recognition.losses import Head, LossOutput

# what all nets are fed: RGB 0..255 less MEAN, over STD
MEAN = 127.5
STD = 127.5
BATCH_NORM_MOMENTUM = 0.1


@dataclass(frozen=True)
class NetConfig:
    """All that is needed to build the net again."""

    backbone: str
    embedding_dim: int
    stem_stride: int
    dropout: float
    input_px: int
    neck: str = NECKS[0]

    @classmethod
    def from_params(cls, params: RecognitionParams) -> NetConfig:
        return cls(**{field.name: getattr(params, field.name) for field in fields(cls)})

    @classmethod
    def from_facts(cls, facts: Mapping) -> NetConfig:
        return cls(**facts)

    def to_facts(self) -> dict:
        return asdict(self)


class EmbeddingNet(nn.Module):
    """A backbone's trunk and the neck that makes its map an embedding.

    What follows the map is BN - dropout - FC - BN (ArcFace section 3.1's option E), after a pooling that is each
    family's own: the mean over places (ImageNet nets, InceptionResnetV1), none (iresnets, spherenets), or one
    depthwise filter as large as the map (MobileFaceNet's GDConv). The neck `fc_bn` leaves the first BN out;
    `flat_bn_fc_bn` pools in no family: in an aligned face every place of the map has a meaning of its own.
    """

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = build_trunk(config.backbone, config.input_px, config.stem_stride)
        channels, side = _map_shape(self.trunk, config)
        self.pool, features = _pool(config, channels, side)
        self.neck = nn.Sequential(
            nn.Dropout(config.dropout),
            nn.Linear(features, config.embedding_dim, bias=False),
            nn.BatchNorm1d(config.embedding_dim),
        )
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                # with few steps an epoch, MobileNetV3's and EfficientNet's 0.01 never catches up with the weights
                module.momentum = BATCH_NORM_MOMENTUM

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, px, px) normalised photos -> (n, dim) raw embeddings."""
        return self.neck(self.pool(self.trunk(images)))

    def embed(self, images: Tensor) -> Tensor:
        """(n, dim) embeddings of unit norm."""
        return F.normalize(self(images).float())


class Recognizer(nn.Module):
    """What is optimised and saved: the net under `backbone`, the loss with its weights under `head`."""

    def __init__(self, backbone: EmbeddingNet, head: Head) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor, labels: Tensor) -> LossOutput:
        return self.head(self.backbone(images), labels)


def normalise(images: Tensor) -> Tensor:
    """RGB 0..255, of any type, to what the nets are fed."""
    return (images.float() - MEAN) / STD


def _map_shape(trunk: nn.Module, config: NetConfig) -> tuple[int, int]:
    """Channels and side of the trunk's map, found by trying: strides round in each library's own way."""
    training = trunk.training
    try:
        with torch.no_grad():
            shape = trunk.eval()(torch.zeros(1, 3, config.input_px, config.input_px)).shape
    except RuntimeError:
        raise InputError(
            f"recognition.input_px: {config.input_px} px is too small for {config.backbone}; use 112 or more"
        ) from None
    finally:
        trunk.train(training)
    return shape[1], shape[2]


def _pool(config: NetConfig, channels: int, side: int) -> tuple[nn.Module, int]:
    """The map to features, and how many there are."""
    normed = config.neck != "fc_bn"
    if config.neck == "flat_bn_fc_bn" or config.backbone.startswith(("iresnet", "spherenet")):
        norm = nn.BatchNorm2d(channels) if normed else nn.Identity()
        return nn.Sequential(norm, nn.Flatten()), channels * side**2
    norm = nn.BatchNorm1d(channels) if normed else nn.Identity()
    if config.backbone == "mobilefacenet":
        depthwise = nn.Conv2d(channels, channels, side, groups=channels, bias=False)
        return nn.Sequential(depthwise, nn.Flatten(), norm), channels
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), norm), channels
