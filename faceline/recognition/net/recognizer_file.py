"""The recogniser's model file: net, head, and all that using them rightly needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from faceline.core.errors import InputError
from faceline.models.model_file import load_model, save_model
from faceline.core.params import LossParams
from faceline.recognition.losses import Head, build_head
from faceline.recognition.net.embedding_net import MEAN, STD, EmbeddingNet, NetConfig

KIND = "recognizer"


def save_recognizer(path: Path, state: Mapping[str, Tensor], config: NetConfig, facts: Mapping) -> None:
    """Writes a `Recognizer`'s state atomically; `facts` beside the net's: people, loss, template, ..."""
    shared = {"config": config.to_facts(), "input_px": config.input_px, "mean": [MEAN] * 3, "std": [STD] * 3}
    save_model(path, KIND, state, {**shared, **facts})


def load_recognizer(path: Path) -> tuple[EmbeddingNet, Head, dict]:
    """Net and head, in evaluation mode, and the facts of the file.

    Raises:
        InputError: the file is no recogniser, or weights are missing.
    """
    tensors, facts = load_model(path, KIND)
    net = EmbeddingNet(NetConfig.from_facts(facts["config"]))
    loss = facts["loss"]
    block = LossParams.model_fields[loss["name"]].annotation.model_validate(loss["params"])
    head = build_head(loss["name"], block, len(facts["people"]), net.config.embedding_dim)
    for module, prefix in ((net, "backbone."), (head, "head.")):
        state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            raise InputError(f"{path}: weights do not fit {net.config.backbone}: {error}") from None
        module.eval()
    return net, head, facts
