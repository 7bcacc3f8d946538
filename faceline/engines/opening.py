"""The engine that `runtime.engine` names."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from faceline.core.errors import InputError
from faceline.engines.engine import Engine, LocalEngine
from faceline.engines.params import EngineParams


def open_engine(
    params: EngineParams,
    workers: int | None = None,
    cores: int = 1,
    gpu: bool = False,
    start: Callable[[], object] | None = None,
) -> Engine:
    """An engine ready for work.

    Args:
        workers: threads that read rows; by default one per core.
        cores: processor cores that finishing a batch takes, at least 1.
        gpu: finishing a batch takes a GPU.
        start: called first in every process that gets work, say `prepare`, as the stage has called it in its own.

    Raises:
        InputError: Ray is asked for and not installed, or its cluster cannot be had.
    """
    if params.engine == "local":
        return LocalEngine(workers)
    if find_spec("ray") is None:
        raise InputError("runtime.engine: ray needs the package ray: pip install 'faceline[ray]'")
    # late: optional, and slow to import; by name: an edit of it repeats no stage, since no result depends on it
    ray_engine = import_module("faceline.clusters.ray_engine")
    return ray_engine.RayEngine(workers or cores, cores, gpu, start)
