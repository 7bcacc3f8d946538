"""Charts of the page: tables that the stages wrote, drawn as one of the Vega-Lite specifications in `specs`.

`dvc plots` draws with the same files (`template:` in dvc.yaml). They hold DVC's anchors, such as `<DVC_METRIC_DATA>`,
filled here as DVC fills them for a single revision. A specification's `usermeta` says what else this module needs:
`tables`, files below reports/ with the columns that must be there (rows of several files follow one another, each
with its `filename`), and `series`, whether it computes a column `series` that the colours are for.
"""

import json
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
import vl_convert

from faceline.reporting.inputs import Inputs, Missing, ShownTable
from faceline.reporting.theme import CONFIG, PALETTE, VEGA_LITE

SPECS = Path(__file__).parent / "specs"
_ONE_SERIES = {"value": PALETTE["s0"]}
_BY_SERIES = {"field": "series", "type": "nominal", "sort": None, "title": None}


@dataclass(frozen=True)
class Chart:
    """An SVG element, and the table behind it."""

    svg: str
    table: ShownTable


def draw_chart(inputs: Inputs, spec: str, table: str = "", **anchors: str) -> Chart | Missing:
    """Draws one specification.

    Args:
        spec: its file's name in `specs`, without `.json`.
        table: the file below reports/ for a specification that leaves its name open (`""`).
        anchors: what stands for its anchors: `y_label="loss"` for `<DVC_METRIC_Y_LABEL>`.
    """
    text = (SPECS / f"{spec}.json").read_text()
    for anchor, value in {"title": "", **anchors}.items():
        text = text.replace(f"<DVC_METRIC_{anchor.upper()}>", value)
    meta = json.loads(text)["usermeta"]
    tables: dict[str, pd.DataFrame] = {}
    for name, columns in meta["tables"].items():
        read = inputs.table(name or table, *columns)
        if isinstance(read, Missing):
            return read
        tables[name or table] = read
    rows = pd.concat([read.assign(filename=name) for name, read in tables.items()]).assign(rev="workspace")
    text = text.replace('"<DVC_METRIC_DATA>"', rows.to_json(orient="records"))
    text = text.replace('"<DVC_METRIC_COLOR>"', json.dumps(_BY_SERIES if meta.get("series") else _ONE_SERIES))
    first = next(iter(tables))
    return Chart(to_svg(json.loads(text)), ShownTable.of(tables[first], f"reports/{first}"))


def to_svg(spec: dict) -> str:
    """A specification as an SVG element for the page, in the colours of its style sheet and as wide as its place."""
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, config=CONFIG)
    size = next(re.finditer(r'viewBox="[^"]*"', svg)).group()
    svg = svg[svg.index(">") + 1 :]
    svg = re.sub(r'<path class="(?:back|fore)ground"[^>]*/>', "", svg)
    # what a mark is becomes its tooltip; containers and axes need no word of their own in an image that has one
    svg = re.sub(r'<(path|rect) aria-label="([^"]*)"([^>]*)/>', r"<\1\3><title>\2</title></\1>", svg)
    svg = re.sub(r' (?:aria-[a-z]+|role|pointer-events)="[^"]*"', "", svg)
    svg = re.sub(r'(?<= transform=")[^"]*', lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found.group()), svg)
    for name, colour in PALETTE.items():
        svg = svg.replace(f'"{colour}"', f'"var(--{name})"')
    svg = svg.replace(",42%)", ",var(--dot-light))")
    return f'<svg {size} role="img" aria-label="{escape(spec["description"])}">{svg}'
