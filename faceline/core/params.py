"""Parameters: the base class of their groups, the types of their values, and how `params.yaml` is read.

Each group's class lives in the package that uses it. What a value means and its unit stands beside it in
`params/base.yaml`; the classes hold only types and ranges. A stage reads its own groups; the stage check_params reads
all of them, before any other stage runs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import InputError

PARAMS_FILE = Path("params.yaml")

Attribute = Literal[*ATTRIBUTES]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Above0 = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
ShareBelow1 = Annotated[float, Field(ge=0, lt=1)]
JpegQuality = Annotated[int, Field(ge=1, le=100)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Group(BaseModel):
    """A frozen group of parameters that refuses keys it does not know.

    Attributes:
        key: the top-level key of the group in `params.yaml`; empty for a group inside another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    key: ClassVar[str] = ""


Kind = TypeVar("Kind", bound=Group)


def read_params(path: Path = PARAMS_FILE) -> dict:
    """The parameter file as nested dicts.

    Raises:
        InputError: it is missing, or no YAML mapping.
    """
    try:
        tree = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `faceline params sample` writes the sample's") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(tree, dict):
        raise InputError(f"{path}: expected groups of parameters; `faceline params sample` writes the sample's")
    return tree


def parse_group(kind: type[Kind], values: object, key: str = "") -> Kind:
    """One group, checked.

    Args:
        key: where the group stands in the file, for messages; by default `kind.key`.

    Raises:
        InputError: a key is unknown, missing or out of range; the message lists every such key and what is allowed.
    """
    key = key or kind.key
    if values is None:
        raise InputError(f"params.yaml:\n  {key}: missing; params/base.yaml shows it with its units")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = (_explain(kind, key, problem) for problem in error.errors())
        raise InputError("params.yaml:\n" + "\n".join(problems)) from None


def _explain(kind: type[Group], group: str, problem: Mapping) -> str:
    key = ".".join(filter(None, (group, *map(str, problem["loc"]))))
    if problem["type"] == "extra_forbidden":
        for part in problem["loc"][:-1]:
            field = getattr(kind, "model_fields", {}).get(part)
            if field is None:
                return f"  {key}: unknown key"
            kind = field.annotation
        return f"  {key}: unknown key; allowed here: {', '.join(kind.model_fields)}"
    if problem["type"] == "missing":
        return f"  {key}: missing; params/base.yaml shows it with its unit"
    return f"  {key}: {problem['msg']} (got {problem['input']!r})"
