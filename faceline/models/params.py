"""Parameters of how a run uses the machine."""

from typing import ClassVar, Literal

from faceline.core.params import Count, Group, Positive


class RuntimeParams(Group):
    """How a run uses the machine; `workers` is the one of which no result depends."""

    key: ClassVar[str] = "runtime"
    device: Literal["auto", "cpu", "cuda"]
    threads: Count
    workers: Count
    devices: Positive
    nodes: Positive
