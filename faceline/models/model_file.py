"""Model files: weights as safetensors, and in the header all that is needed to use them rightly.

Colour order, mean, std, input size, template and alignment travel with the weights, so that a model is never
fed the wrong pixels silently.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import check_file, parse_json, replacing
from faceline.models.header import COLOUR_ORDER, Header, check_header

Module = TypeVar("Module", bound=torch.nn.Module)

_KEY = "faceline"
TRAIN_IT = "train it with `dvc repro`"
MAX_FILE_BYTES = 2**34
MAX_HEADER = 2**26  # characters: of millions of people


def save_model(path: Path, kind: str, tensors: Mapping[str, torch.Tensor], metadata: Mapping) -> None:
    """Writes weights and metadata atomically.

    Args:
        kind: `hourglass` or `recognizer`.
        metadata: JSON-able; must hold `config` (to rebuild the net), `input_px`, `mean`, `std`.
    """
    header = {"kind": kind, "colour_order": COLOUR_ORDER, **metadata}
    missing = {"config", "input_px", "mean", "std"} - header.keys()
    if missing:
        raise ValueError(f"model metadata lack {sorted(missing)}")
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(tensors.items())}
    with replacing(path) as temporary:
        try:
            save_file(weights, temporary, metadata={_KEY: json.dumps(header, sort_keys=True)})
        except SafetensorError as error:  # a full disk is told as text
            raise FacelineError(f"{path}: cannot be written ({error})") from None
        temporary.chmod(0o644)  # safetensors keeps files to their owner; a model is to be shared like any output


def load_model(path: Path, kind: str, header: type[Header]) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights and metadata.

    Args:
        header: what the metadata of such a model must be.

    Raises:
        InputError: no file, no faceline model, another kind of model, metadata that are missing or wrong, or weights
            that are no finite numbers.
    """
    check_file(path, TRAIN_IT, MAX_FILE_BYTES)
    try:
        with safe_open(str(path), framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY, "{}")
            metadata = parse_json(text, f"{path}, metadata", TRAIN_IT) if len(text) <= MAX_HEADER else {}
            if metadata.get("kind") == kind:
                check_header(header, metadata, path, TRAIN_IT)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as a model ({' '.join(str(error).split())[:200]}); {TRAIN_IT}"
        ) from None
    if metadata.get("kind") != kind:
        found = str(metadata.get("kind") or "no faceline model")[:80]
        raise InputError(f"{path}: expected a {kind} model, found {found}")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(f"{path}: weight {name} holds NaN or infinity; {TRAIN_IT}")
    return tensors, metadata


def with_weights(make: Callable[[], Module], tensors: Mapping[str, torch.Tensor], path: Path) -> Module:
    """A module in evaluation mode with these weights, all of which it must have; built without memory of its own.

    Raises:
        InputError: weights are missing, unknown, or of another shape or type; nothing was allocated for them.
    """
    with torch.device("meta"):
        module = make()
    wanted, name = module.state_dict(), type(module).__name__
    for key in sorted({*wanted, *tensors}):
        expected, found = (
            f"{tuple(one[key].shape)} of {one[key].dtype}" if key in one else "none" for one in (wanted, tensors)
        )
        if expected != found:
            raise InputError(f"{path}: weights do not fit its {name}: {key}: expected {expected}, found {found}")
    module.load_state_dict({key: tensor.clone() for key, tensor in tensors.items()}, assign=True)
    return module.eval()


def model_hash(path: Path) -> str:
    """SHA-256 of a model file, which ties embeddings and galleries to the model that made them."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
