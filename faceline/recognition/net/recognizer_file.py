"""The recogniser's model file: net, head, and all that using them rightly needs."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from faceline.core.errors import InputError
from faceline.models.model_file import load_model, save_model
from faceline.recognition.heads.base import Head
from faceline.recognition.heads.registry import build_head, load_loss
from faceline.recognition.net.embedding_net import MEAN, STD, EmbeddingNet, NetConfig

KIND = "recognizer"
NET_PREFIX = "net."


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
    tensors, metadata = load_model(path, KIND)
    parts = {NET_PREFIX: EmbeddingNet(NetConfig(**metadata["config"]))}
    if with_head and metadata["loss"] is not None:
        name, people = metadata["loss"]["name"], len(metadata["people"])
        params = load_loss(name).Params.model_validate(metadata["loss"]["params"])
        parts["head."] = build_head(name, params, people, parts[NET_PREFIX].config.embedding_dim)
    for prefix, module in parts.items():
        try:
            module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        except RuntimeError as error:
            raise InputError(f"{path}: weights do not fit its {type(module).__name__}: {error}") from None
        module.eval()
    return parts[NET_PREFIX], parts.get("head."), metadata
