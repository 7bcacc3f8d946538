"""The recogniser's model file: net, head, and all that using them rightly needs."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import Tensor, nn

from faceline.core.errors import InputError
from faceline.models.model_file import load_model, save_model
from faceline.recognition.heads.base import Head
from faceline.recognition.heads.registry import build_head, load_loss
from faceline.recognition.net.embedding_net import MEAN, STD, EmbeddingNet, NetConfig

KIND = "recognizer"
NET_PREFIX = "net."


def save_recognizer(path: Path, state: Mapping[str, Tensor], config: NetConfig, metadata: Mapping) -> None:
    """Writes a `Recognizer`'s state atomically; `metadata` beside the net's: people, loss, template, ..."""
    shared = {"config": asdict(config), "input_px": config.input_px, "mean": [MEAN] * 3, "std": [STD] * 3}
    save_model(path, KIND, state, {**shared, **metadata})


def load_recognizer(path: Path, with_head: bool) -> tuple[EmbeddingNet, Head | None, dict]:
    """Net and head, in evaluation mode, and the metadata of the file; the head is None unless it is asked for.

    Raises:
        InputError: the file is no recogniser, or weights are missing.
    """
    tensors, metadata = load_model(path, KIND)
    net = EmbeddingNet(NetConfig(**metadata["config"]))
    head = _head(metadata, net.config.embedding_dim) if with_head else None
    for module, prefix in ((net, NET_PREFIX), (head, "head.")):
        if module is not None:
            _load(module, {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}, path)
    return net, head, metadata


def _head(metadata: Mapping, embedding_dim: int) -> Head:
    name = metadata["loss"]["name"]
    params = load_loss(name).Params.model_validate(metadata["loss"]["params"])
    return build_head(name, params, len(metadata["people"]), embedding_dim)


def _load(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise InputError(f"{path}: weights do not fit its {type(module).__name__}: {error}") from None
    module.eval()
