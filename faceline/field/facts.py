"""The facts of a model from the field: where it comes from and how its input has to look, read from YAML, checked.

Models that have a name lie in the folder `models` of this package, a file each. A user's own ONNX recogniser has a
file of the same form, with `file` (as seen from the YAML) instead of `address`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from faceline.core.errors import InputError
from faceline.core.files import read_text
from faceline.core.params import MAX_FILE_BYTES, MAX_PROBLEMS, Above0, Group, Positive, parse_yaml

MODELS = Path(__file__).parent / "models"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ModelFacts(Group):
    """What is known of a model's file.

    Attributes:
        name: what it is called on the command line and in parameters; by default the name of its YAML.
        kind: what the net does.
        address: where `faceline fetch` gets its file; None for a user's own.
        file: a user's own file; None for one that is fetched.
        sha256: of the file; None where a user's own states none, and any file is then taken.
        licence, training_data: as far as known.
    """

    name: str
    kind: Literal["detector", "recognizer"]
    address: str | None = None
    file: Path | None = None
    sha256: Sha256 | None = None
    licence: str = "not stated"
    training_data: str = "not stated"

    @model_validator(mode="after")
    def _has_a_file(self) -> ModelFacts:
        if (self.address is None) == (self.file is None):
            raise ValueError("give either `address` or `file`")
        if self.address is not None and self.sha256 is None:
            raise ValueError("`address` goes with `sha256`")
        return self


class RecognizerFacts(ModelFacts):
    """Besides, what a recogniser's input has to be: (n, 3, input_px, input_px) of (pixel - mean) * scale.

    Attributes:
        input_px: side of the aligned face.
        template: where the five points lie in it; `arcface` is the 112 px template of ArcFace, scaled to `input_px`.
        colour_order: of the three planes.
        mean: in units of the pixels, 0..255: one number, or one for each plane.
        scale: likewise.
        embedding_dim: how many numbers come out.
    """

    kind: Literal["recognizer"] = "recognizer"
    input_px: Annotated[Positive, Field(ge=8, le=1024)]
    template: Literal["arcface"]
    colour_order: Literal["RGB", "BGR"]
    mean: float | tuple[float, float, float]
    scale: Above0 | tuple[Above0, Above0, Above0]
    embedding_dim: Annotated[Positive, Field(le=65_536)]


def model_names(kind: str | None = None) -> list[str]:
    """The names that have facts here, sorted; of one kind where asked."""
    names = sorted(path.stem for path in MODELS.glob("*.yaml"))
    return [name for name in names if kind is None or model_facts(name).kind == kind]


def model_facts(name_or_yaml: str | Path) -> ModelFacts:
    """The facts of a model that has a name here, or those of a user's YAML file.

    Raises:
        InputError: no such name or file, or a fact is unknown, missing or of a wrong kind; the message names it.
    """
    given = str(name_or_yaml)
    own = given.endswith((".yaml", ".yml"))
    path = Path(given) if own else MODELS / f"{given}.yaml"
    known = model_names()
    if not own and given not in known:
        raise InputError(
            f"{given[:80]}: no such model; the models that have a name are {', '.join(known)}; or name a YAML file "
            "of its facts"
        )
    hint = f"expected the facts of a model, such as {MODELS / 'sface.yaml'} has"
    values = parse_yaml(read_text(path, hint, MAX_FILE_BYTES), path)
    if not isinstance(values, dict):
        raise InputError(f"{path}: {hint}")
    facts = ModelFacts if values.get("kind") == "detector" else RecognizerFacts
    try:
        checked = facts.model_validate({"name": path.stem, **values})
    except ValidationError as error:
        problems = "\n".join(_problem(facts, problem) for problem in error.errors()[:MAX_PROBLEMS])
        raise InputError(f"{path}:\n{problems}") from None
    if checked.file is None:
        return checked
    return checked.model_copy(update={"file": path.parent / checked.file})


def recognizer_facts(name_or_yaml: str | Path) -> RecognizerFacts:
    """As `model_facts`, of a recogniser; InputError where it is another kind of model."""
    facts = model_facts(name_or_yaml)
    if isinstance(facts, RecognizerFacts):
        return facts
    names = ", ".join(model_names("recognizer"))
    raise InputError(f"{name_or_yaml}: a {facts.kind}, not a recogniser; recognisers that have a name: {names}")


def _problem(facts: type[ModelFacts], problem: Mapping) -> str:
    key = ".".join(map(str, problem["loc"][:1]))[:80]
    match problem["type"]:
        case "extra_forbidden":
            return f"  {key}: unknown; known are {', '.join(facts.model_fields)}"
        case "missing":
            return f"  {key}: missing; {MODELS / 'sface.yaml'} shows it"
        case _:
            return (
                f"  {key or 'all'}: {problem['msg']} (got {repr(problem['input'])[:80]})"
                if key
                else f"  {problem['msg']}"
            )
