"""Parameters of the engine."""

from typing import ClassVar, Literal

from pydantic import ConfigDict

from faceline.core.params import Group


class EngineParams(Group):
    """The engine's part of the group `runtime`; no result depends on it."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "runtime"
    engine: Literal["local", "ray"]
