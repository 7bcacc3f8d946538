"""The recogniser's model file: net, head, and all that using them rightly needs."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from torch import Tensor

from faceline.core.errors import InputError
from faceline.core.params import OneOf
from faceline.models.header import Header, InputPx, Point, check_header
from faceline.models.model_file import TRAIN_IT, load_model, save_model, with_weights
from faceline.recognition.heads.base import Head
from faceline.recognition.heads.registry import build_head, loss_names, loss_params
from faceline.recognition.net.backbone import backbone_names
from faceline.recognition.net.embedding_net import MEAN, STD, EmbeddingNet, NetConfig
from faceline.recognition.net.necks import NECKS

KIND = "recognizer"
NET_PREFIX = "net."
HEAD_PREFIX = "head."


class _Config(BaseModel):
    """`NetConfig` as a file holds it, in the ranges of the parameters."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    backbone: Annotated[str, OneOf(backbone_names())]
    embedding_dim: Annotated[int, Field(ge=2, le=4096, strict=True)]
    stem_stride: Literal[1, 2]
    dropout: Annotated[float, Field(ge=0, lt=1, strict=True)]
    input_px: InputPx
    neck: Annotated[str, OneOf(NECKS)] = NECKS[0]


class _Loss(BaseModel):
    name: Annotated[str, OneOf(loss_names())]
    params: dict[str, Any]


class Alignment(BaseModel):
    """How the faces that a recogniser knows are aligned: side in px, and the five points of the template."""

    model_config = ConfigDict(allow_inf_nan=False)
    size_px: InputPx
    template: tuple[Point, Point, Point, Point, Point]


class RecognizerHeader(Header):
    """The metadata of a recogniser."""

    config: _Config
    align: Alignment
    loss: _Loss | None  # None where it has no head
    people: list[Annotated[int, Field(ge=0, lt=2**31, strict=True)]]


def without_head(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a state's net alone."""
    return {name: tensor for name, tensor in state.items() if name.startswith(NET_PREFIX)}


def save_recognizer(path: Path, state: Mapping[str, Tensor], config: NetConfig, metadata: Mapping) -> None:
    """Writes a `Recognizer`'s state atomically; `metadata` beside the net's: people, template, ...

    `loss` in it is None where the state has no head.
    """
    shared = {"config": asdict(config), "input_px": config.input_px, "mean": [MEAN] * 3, "std": [STD] * 3}
    save_model(path, KIND, state, {**shared, **metadata})


def load_recognizer(path: Path, with_head: bool) -> tuple[EmbeddingNet, Head | None, dict]:
    """Net and head, in evaluation mode, and the metadata of the file.

    The head is None where the file has none or it is not asked for.

    Raises:
        InputError: the file is no recogniser, or weights are missing.
    """
    tensors, metadata = load_model(path, KIND, RecognizerHeader)
    unknown = [name for name in tensors if not name.startswith((NET_PREFIX, HEAD_PREFIX))]
    if unknown:
        raise InputError(f"{path}: holds weights that no recogniser has: {unknown[0][:80]}")
    config, head = NetConfig(**metadata["config"]), None
    net = with_weights(lambda: EmbeddingNet(config), _below(NET_PREFIX, tensors), path)
    if with_head and metadata["loss"] is not None:
        loss = metadata["loss"]["name"]
        kind = loss_params(loss)
        check_header(create_model("Loss", params=(kind, ...)), metadata["loss"], path, TRAIN_IT)
        params = kind.model_validate(metadata["loss"]["params"])
        people = len(metadata["people"])
        weights = _below(HEAD_PREFIX, tensors)
        head = with_weights(lambda: build_head(loss, params, people, config.embedding_dim), weights, path)
    return net, head, metadata


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
