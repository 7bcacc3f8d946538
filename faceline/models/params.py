"""Parameters of how a run uses the machine."""

from typing import ClassVar, Literal

from pydantic import ConfigDict

from faceline.core.params import Count, Group, Positive


class RuntimeParams(Group):
    """How nets use the machine; no result depends on `workers`. The group's engine is no concern of a net."""

    model_config = ConfigDict(extra="ignore")
    key: ClassVar[str] = "runtime"
    device: Literal["auto", "cpu", "cuda"]
    threads: Count
    workers: Count
    devices: Positive
    nodes: Positive
