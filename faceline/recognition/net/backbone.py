"""Backbones by name: each is a file of `faceline.recognition.backbones` that defines its `BACKBONE`.

Names are those of the files. A backbone is imported when it is asked for, so that a run needs the chosen file only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor, nn

_BACKBONES = Path(__file__).parents[1] / "backbones"


@dataclass(frozen=True)
class Backbone:
    """A net from normalised photos to a map of features.

    Attributes:
        build: takes input_px and stem_stride, the stride of the first convolution; gives a net (n, 3, input_px,
            input_px) -> (n, channels, h, w) with weights drawn from torch's seed. Libraries that take seconds to
            import are imported here.
        pooling: what follows the map: its mean over places, nothing (`flat`), or one depthwise filter as large as it.
        published: published weights by name: functions that fetch them, under the backbone's own names, or that say
            which file holds them.
        published_neck: names of published layers after the map -> their names in `EmbeddingNet.neck`.
        published_neck_epsilon: of the published neck's BatchNorm; ours has PyTorch's, and takes the rest as variance.
        from_onnx: makes the tensors of a published ONNX file, by the names they have there, a state of
            `EmbeddingNet`; KeyError for those of another net. None where no such file is published.
        made_for: keys of the group `recognition` -> the values under which the published weights make the whole net,
            embedding included; other values are refused with them.
    """

    build: Callable[[int, int], nn.Module]
    pooling: Literal["mean", "flat", "depthwise"]
    published: Mapping[str, Callable[[], Mapping[str, Tensor] | Path]] = field(default_factory=dict)
    published_neck: Mapping[str, str] = field(default_factory=dict)
    published_neck_epsilon: float = 1e-5
    from_onnx: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] | None = None
    made_for: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)


def backbone_names() -> list[str]:
    """All backbones, in alphabetical order; none is imported."""
    return sorted(path.stem for path in _BACKBONES.glob("[!_]*.py"))


def load_backbone(name: str) -> Backbone:
    """Imports a backbone, one of `backbone_names()`."""
    return import_module(f"faceline.recognition.backbones.{name}").BACKBONE
