"""The net that embeds faces, and the recogniser that is trained: that net and a loss's head, together."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from faceline.core.errors import InputError
from faceline.core.params import Group
from faceline.recognition.heads.base import Head, LossOutput, drawn_for_whole_batch
from faceline.recognition.net.backbone import load_backbone
from faceline.recognition.net.necks import NECKS

# what all nets are fed: RGB 0..255 less MEAN, over STD
MEAN = 127.5
STD = 127.5


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
    def from_params(cls, params: Group) -> NetConfig:
        """Out of the group `recognition`, which holds all of it and more."""
        return cls(**{field.name: getattr(params, field.name) for field in fields(cls)})


class EmbeddingNet(nn.Module):
    """A backbone, and the neck that makes its map an embedding.

    What follows the map is BN - dropout - FC - BN (ArcFace section 3.1's option E), after the backbone's own pooling:
    the mean over places, none, or one depthwise filter as large as the map (MobileFaceNet's GDConv). The neck `fc_bn`
    leaves the first BN out; `flat_bn_fc_bn` never pools: in an aligned face every place of the map has a meaning of
    its own.
    """

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        backbone = load_backbone(config.backbone)
        self.backbone = backbone.build(config.input_px, config.stem_stride)
        channels, side = _map_shape(self.backbone, config)
        pooling = "flat" if config.neck == "flat_bn_fc_bn" else backbone.pooling
        self.pool, features = _pool(pooling, config.neck != "fc_bn", channels, side)
        self.neck = nn.Sequential(
            BatchDropout(config.dropout),
            nn.Linear(features, config.embedding_dim, bias=False),
            nn.BatchNorm1d(config.embedding_dim),
        )
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                # with few steps an epoch, MobileNetV3's and EfficientNet's 0.01 never catches up with the weights
                module.momentum = 0.1

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, px, px) normalised photos -> (n, dim) raw embeddings."""
        return self.neck(self.pool(self.backbone(images)))


class BatchDropout(nn.Dropout):
    """Dropout that is the same however many processes share a batch."""

    def forward(self, features: Tensor) -> Tensor:
        """(n, ...) features, some of them 0 and the others scaled up, in training mode."""
        if not self.training or not self.p:
            return features

        def draw(photos: int) -> Tensor:
            return torch.rand(photos, *features.shape[1:], device=features.device)

        kept = drawn_for_whole_batch(draw, len(features)) >= self.p
        return features * kept / (1 - self.p)


class Recognizer(nn.Module):
    """What is optimised and saved: the net under `net`, the loss with its weights under `head`."""

    def __init__(self, net: EmbeddingNet, head: Head) -> None:
        super().__init__()
        self.net = net
        self.head = head

    def forward(self, images: Tensor, labels: Tensor) -> LossOutput:
        return self.head(self.net(images), labels)


def normalise(images: Tensor) -> Tensor:
    """RGB 0..255, of any type, to what the nets are fed."""
    return (images.float() - MEAN) / STD


def _map_shape(backbone: nn.Module, config: NetConfig) -> tuple[int, int]:
    """Channels and side of the backbone's map, found by trying: strides round in each library's own way."""
    try:
        with torch.no_grad():
            shape = backbone.eval()(torch.zeros(1, 3, config.input_px, config.input_px)).shape
    except RuntimeError:
        raise InputError(
            f"recognition.input_px: {config.input_px} px is too small for {config.backbone}; use 112 or more"
        ) from None
    backbone.train()
    return shape[1], shape[2]


def _pool(pooling: str, normed: bool, channels: int, side: int) -> tuple[nn.Module, int]:
    """The map to features, with or without BatchNorm, and how many there are."""
    flat = pooling == "flat"
    norm = (nn.BatchNorm2d if flat else nn.BatchNorm1d)(channels) if normed else nn.Identity()
    if flat:
        return nn.Sequential(norm, nn.Flatten()), channels * side**2
    shrink: nn.Module = nn.AdaptiveAvgPool2d(1)
    if pooling == "depthwise":
        shrink = nn.Conv2d(channels, channels, side, groups=channels, bias=False)
    return nn.Sequential(shrink, nn.Flatten(), norm), channels
