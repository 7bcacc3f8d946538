"""Parameters: the base class of their groups, the types of their values, and how `params.yaml` is read.

Each group's class lives in the package that uses it. What a value means and its unit stands beside it in
`params/base.yaml`; the classes hold only types and ranges. A stage reads its own groups; the stage check_params reads
all of them, before any other stage runs.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import InputError
from faceline.core.files import read_text

PARAMS_FILE = Path("params.yaml")
MAX_FILE_BYTES = 2**18  # twenty times those of params/base.yaml
MAX_DEPTH = 50
MAX_PROBLEMS = 10  # of one file, told at once
MAX_VALUES = 20_000  # of a file, with everything that its anchors stand for


class OneOf:
    """`Annotated[str, OneOf(words)]`: a `Literal` of words that are found out when the program runs."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(self.words)


Attribute = Annotated[str, OneOf(ATTRIBUTES)]
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

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name
        if name and isinstance(value, bool) and not _takes_bool(cls.model_fields[name].annotation):
            raise ValueError("expected a number or a word, not true or false")
        return value


Kind = TypeVar("Kind", bound=Group)


def read_params(path: Path = PARAMS_FILE) -> dict:
    """The parameter file as nested dicts.

    Raises:
        InputError: it is missing, or no YAML mapping.
    """
    hint = "`faceline params sample` writes the sample's"
    tree = parse_yaml(read_text(path, hint, MAX_FILE_BYTES), path)
    if not isinstance(tree, dict):
        raise InputError(f"{path}: expected groups of parameters; {hint}")
    return tree


def parse_yaml(text: str, path: Path) -> object:
    """The value of a YAML text; InputError, which names `path`, where it is none, nested too deep or too large.

    An anchor stands for its value wherever it is named: a few lines can stand for more values than fit any memory.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if _size(root, {}) > MAX_VALUES:
            raise InputError(f"{path}: stands for more than {MAX_VALUES} values; write fewer, or fewer anchors")
        return loader.construct_document(root)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None
    except ValueError as error:  # a date or a number that is none
        raise InputError(f"{path}: not valid YAML: {str(error)[:200]}") from None
    except RecursionError:
        raise InputError(f"{path}: an anchor stands within itself") from None


class _Loader(yaml.SafeLoader):
    """Refuses what is nested deep, which takes time by the square of the depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.YAMLError(f"nested more than {MAX_DEPTH} deep")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for; RecursionError where it stands within itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in parts for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


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
        problems = (_explain(kind, key, problem) for problem in error.errors()[:MAX_PROBLEMS])
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
    return f"  {key}: {problem['msg']} (got {repr(problem['input'])[:80]})"


def _takes_bool(annotation: Any) -> bool:
    return annotation in (Any, bool) or any(_takes_bool(part) for part in get_args(annotation))
