"""Model files: weights as safetensors, and in the header all that is needed to use them rightly.

Colour order, mean, std, input size, template and alignment travel with the weights, so that a model is never
fed the wrong pixels silently.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import check_file, parse_json, replacing

Module = TypeVar("Module", bound=torch.nn.Module)

_KEY = "faceline"
_HINT = "train it with `dvc repro`"
MAX_FILE_BYTES = 2**34
MAX_HEADER = 2**26  # characters: of millions of people

# the values of metadata; strict, so that neither text nor true stands for a number
InputPx = Annotated[int, Field(ge=8, le=1024, strict=True)]
Level = Annotated[float, Field(ge=-1e4, le=1e4, strict=True)]
Spread = Annotated[float, Field(gt=0, le=1e4, strict=True)]
Point = tuple[Level, Level]
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
        try:
            save_file(weights, temporary, metadata={_KEY: json.dumps(header, sort_keys=True)})
        except SafetensorError as error:  # a full disk is told as text
            raise FacelineError(f"{path}: cannot be written ({error})") from None
        temporary.chmod(0o644)  # safetensors keeps files to their owner; a model is to be shared like any output


class Header(BaseModel):
    """What every model file says of its net; other keys are the kinds' own. `mean` and `std` are of RGB."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    colour_order: Literal["RGB"]
    config: dict[str, Any]
    input_px: InputPx
    mean: tuple[Level, Level, Level]
    std: tuple[Spread, Spread, Spread]
    synthetic: StrictBool


def load_model(path: Path, kind: str, header: type[Header] = Header) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights and metadata.

    Args:
        header: what the metadata of such a model must be.

    Raises:
        InputError: no file, no faceline model, another kind of model, metadata that are missing or wrong, or weights
            that are no finite numbers.
    """
    check_file(path, _HINT, MAX_FILE_BYTES)
    try:
        with safe_open(str(path), framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY, "{}")
            metadata = parse_json(text, f"{path}, metadata", _HINT) if len(text) <= MAX_HEADER else {}
            if metadata.get("kind") == kind:
                check_header(header, metadata, path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as a model ({' '.join(str(error).split())[:200]}); {_HINT}"
        ) from None
    if metadata.get("kind") != kind:
        found = str(metadata.get("kind") or "no faceline model")[:80]
        raise InputError(f"{path}: expected a {kind} model, found {found}")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise InputError(f"{path}: weight {name} holds NaN or infinity; {_HINT}")
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


def check_header(header: type[BaseModel], metadata: Mapping, path: Path) -> None:
    """Checks metadata by a pydantic model; InputError names the first key that is missing or wrong."""
    try:
        header.model_validate(metadata)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}: its metadata: {key}: {first['msg'][:300]}; {_HINT}") from None


def model_hash(path: Path) -> str:
    """SHA-256 of a model file, which ties embeddings and galleries to the model that made them."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
