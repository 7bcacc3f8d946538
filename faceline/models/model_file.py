"""Model files: weights as safetensors, and in the header all that is needed to use them rightly.

Colour order, mean, std, input size, template and alignment travel with the weights, so that a model is never
fed the wrong pixels silently.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from faceline.core.errors import InputError
from faceline.core.files import replacing

_KEY = "faceline"
COLOUR_ORDER = "RGB"


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
        save_file(weights, temporary, metadata={_KEY: json.dumps(header, sort_keys=True)})
        temporary.chmod(0o644)  # safetensors keeps files to their owner; a model is to be shared like any output


def load_model(path: Path, kind: str) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights and metadata; InputError for no file, no faceline model, another kind of model or colour order."""
    try:
        with safe_open(str(path), framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (FileNotFoundError, SafetensorError, OSError) as error:
        raise InputError(f"{path}: cannot be read as a model ({error}); train it with `dvc repro`") from None
    if header.get("kind") != kind:
        raise InputError(f"{path}: expected a {kind} model, found {header.get('kind') or 'no faceline model'}")
    if header["colour_order"] != COLOUR_ORDER:
        raise InputError(f"{path}: expects {header['colour_order']} input, faceline reads {COLOUR_ORDER}")
    return tensors, header


def model_hash(path: Path) -> str:
    """SHA-256 of a model file, which ties embeddings and galleries to the model that made them."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
