"""Losses, one signature for all: `head(embeddings, labels) -> LossOutput(loss, statistics)`."""

from __future__ import annotations

from faceline.core.params import LOSSES, Group
from faceline.recognition.losses.adaptive import AdaFace, CurricularFace
from faceline.recognition.heads.base import CosineHead, Head, LossOutput
from faceline.recognition.losses.cross_entropy import CrossEntropy
from faceline.recognition.losses.margins import ArcFace, CosFace, SphereFace, SubCenterArcFace
from faceline.recognition.losses.triplet import Triplet

__all__ = ["CosineHead", "Head", "LossOutput", "build_head"]

_HEADS: dict[str, type[Head]] = {
    "ce": CrossEntropy,
    "arcface": ArcFace,
    "cosface": CosFace,
    "sphereface": SphereFace,
    "triplet": Triplet,
    "adaface": AdaFace,
    "curricularface": CurricularFace,
    "subcenter_arcface": SubCenterArcFace,
}
assert set(_HEADS) == set(LOSSES)


def build_head(loss: str, params: Group, people: int, embedding_dim: int) -> Head:
    """The head of a named loss with that loss's own block of parameters; weights are drawn from torch's seed."""
    return _HEADS[loss](people, embedding_dim, params)
