"""What the other stages left: metrics, tables and pictures, read once and never altered."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import pandas as pd

from faceline.core.errors import InputError
from faceline.core.files import read_json

METRICS = ("dataset", "filter", "crop", "landmarks", "alignment", "recognition", "wild")
_BESIDE = ("low", "high", "threshold", "reason")
_MAX_WIDTH_PX = 1400


@dataclass(frozen=True)
class Missing:
    """Something optional that is not there; the page says so in its place.

    Attributes:
        empty: it is a table that is there, without any row.
    """

    why: str
    empty: bool = False


@dataclass(frozen=True)
class EmbeddedPicture:
    """A picture that travels inside the page: its data URI and size in px."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class ShownTable:
    """A table as the page shows it.

    Attributes:
        columns, rows: its cells as text.
        source: the file it is in, relative to the project.
        left_out: rows of the file that are not among `rows`.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str
    left_out: int = 0

    @classmethod
    def of(cls, table: pd.DataFrame, source: str, limit: int = 500) -> ShownTable:
        """The first `limit` rows of `table`."""
        first = table.head(limit).itertuples(index=False, name=None)
        rows = tuple(tuple(_cell(value) for value in row) for row in first)
        return cls(tuple(map(str, table.columns)), rows, source, max(0, len(table) - limit))


@dataclass(frozen=True)
class Inputs:
    """Everything the page may say.

    Attributes:
        metrics: per metrics file its flat figures; null is None.
        reports: folder with one subfolder for each stage.
    """

    metrics: dict[str, dict[str, float | int | None]]
    reports: Path

    @classmethod
    def read(cls, metrics: Path, reports: Path) -> Inputs:
        """Reads every metrics file.

        Raises:
            InputError: one is missing or is no flat JSON object.
        """
        return cls({name: _flat(metrics / f"{name}.json") for name in METRICS}, reports)

    def has(self, key: str) -> bool:
        """Whether a metrics file holds `file.key`, be it null."""
        file, _, name = key.partition(".")
        return name in self.metrics.get(file, {})

    def value(self, key: str) -> float | int | None:
        """The figure `file.key`; None when null or absent."""
        file, _, name = key.partition(".")
        return self.metrics.get(file, {}).get(name)

    def keys(self, file: str, start: str = "") -> list[str]:
        """The keys of a metrics file that begin with `start`, in its order."""
        return [key for key in self.metrics[file] if key.startswith(start)]

    @cached_property
    def _rates(self) -> dict[str, Mapping]:
        """What the stages wrote beside a rate's value: `file.key` -> low, high, threshold, reason."""
        found: dict[str, Mapping] = {}
        for name in ("recognition/rates.csv", "wild/rates.csv"):
            table = self.table(name, *_BESIDE, "rate")
            if isinstance(table, pd.DataFrame):
                file = name.partition("/")[0]
                rows = table[[*_BESIDE, "rate"]].to_dict("records")
                found |= {f"{file}.{row['rate']}": row for row in rows}
        return found

    def interval(self, key: str) -> tuple[float, float] | None:
        """The 95% interval of the figure `file.key`, from its metrics file or else from the table of rates."""
        row = self._rates.get(key, {})
        low, high = (
            self.value(f"{key}_{end}") if self.has(f"{key}_{end}") else row.get(end) for end in ("low", "high")
        )
        return None if low is None or high is None or pd.isna([low, high]).any() else (float(low), float(high))

    def threshold(self, key: str) -> float | None:
        """The similarity that decided for the figure `file.key`."""
        threshold = self._rates.get(key, {}).get("threshold")
        return None if pd.isna(threshold) else float(threshold)

    def reason(self, key: str) -> str | None:
        """Why the figure `file.key` is null, where its stage wrote that down; its interval's ends have its reason."""
        rate = key.removesuffix("_low").removesuffix("_high").replace(".threshold_at_fpr_", ".tpr_at_fpr_")
        reason = self._rates.get(rate, {}).get("reason")
        return None if pd.isna(reason) else str(reason) or None

    @property
    def synthetic(self) -> bool:
        """Whether the photos behind the figures were made by the project; what nobody wrote down counts as no."""
        return self._noted("train_recognition").get("synthetic") is True

    @property
    def landmark_set(self) -> dict[str, str]:
        """What the landmark evaluation noted of its set: source, labels, boxes, apart, detector; {} without it."""
        return self._noted("landmarks")

    def _noted(self, stage: str) -> dict:
        summary = self.document(f"{stage}/summary.json")
        return {} if isinstance(summary, Missing) else summary

    def table(self, name: str, *columns: str) -> pd.DataFrame | Missing:
        """A CSV under the reports folder that has at least `columns` and a row."""
        table = self._read(name, pd.read_csv)
        if isinstance(table, Missing):
            return table
        absent = [column for column in columns if column not in table]
        if absent:
            found = ", ".join(map(str, table.columns))
            return Missing(f"reports/{name} lacks the columns {', '.join(absent)}; it has {found}.")
        return table if len(table) else Missing(f"reports/{name} has no rows.", empty=True)

    def shown(self, name: str, limit: int) -> ShownTable | Missing:
        """The first `limit` rows of a CSV under the reports folder."""
        table = self.table(name)
        return table if isinstance(table, Missing) else ShownTable.of(table, f"reports/{name}", limit)

    def document(self, name: str) -> dict | Missing:
        """A JSON object under the reports folder."""
        return self._read(name, read_json)

    def _read(self, name: str, reader: Callable) -> Any:
        if not (self.reports / name).is_file():
            return self._absent(name)
        try:
            return reader(self.reports / name)
        except (ValueError, InputError) as error:
            return Missing(f"reports/{name} cannot be read: {error}.")

    @staticmethod
    def _absent(name: str) -> Missing:
        stage = name.partition("/")[0]
        return Missing(f"reports/{name} is not there; the stage behind reports/{stage} writes it.")

    def picture(self, name: str) -> EmbeddedPicture | Missing:
        """A picture under the reports folder, re-encoded as WebP and shrunk to at most 1400 px across."""
        path = self.reports / name
        if not path.is_file():
            return self._absent(name)
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            return Missing(f"reports/{name} is no picture that can be read.")
        height, width = pixels.shape[:2]
        if width > _MAX_WIDTH_PX:
            height, width = max(1, round(height * _MAX_WIDTH_PX / width)), _MAX_WIDTH_PX
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()
        return EmbeddedPicture("data:image/webp;base64," + base64.b64encode(encoded).decode(), width, height)


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _flat(path: Path) -> dict[str, float | int | None]:
    values = read_json(path, "`dvc repro` writes it")
    if any(isinstance(value, dict | list) for value in values.values()):
        raise InputError(f"{path}: expected one flat JSON object of figures; run its stage again")
    return values
