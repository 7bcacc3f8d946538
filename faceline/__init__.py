"""faceline: a reproducible face-recognition pipeline, from CelebA's own files to names in a photo."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceline.api import load as load

__all__ = ["load"]


def __getattr__(name: str) -> object:
    """`faceline.load`, imported when it is asked for: stages and the command import this package too."""
    if name in __all__:
        from faceline import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
