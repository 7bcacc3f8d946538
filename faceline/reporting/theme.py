"""How every chart looks, on the report page and on DVC's: colours, type sizes, mark styles."""

import re
from pathlib import Path

VEGA_LITE = "6.4"
TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "style.css").read_text()
# the first of two blocks of colours, that of the light scheme: CSS variable -> #rrggbb
PALETTE = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE.partition("@media")[0]))

_TEXT_PX = 13.5  # room for the style sheet's largest text, which a phone gets
_TEXT = {"labelFontSize": _TEXT_PX, "titleFontSize": _TEXT_PX, "titleFontWeight": "normal", "labelLimit": 240}
_TEXT |= {"labelColor": PALETTE["muted"], "titleColor": PALETTE["ink"]}

CONFIG = {
    "autosize": {"type": "fit", "contains": "padding"},
    "background": None,
    "padding": {"left": 2, "top": 6, "right": 16, "bottom": 5},
    "font": "Liberation Sans, Arial, sans-serif",  # the first comes with vl-convert: equal widths on every machine
    "view": {"continuousWidth": 420, "continuousHeight": 290, "discreteWidth": 420, "stroke": None},
    "range": {"category": [PALETTE[name] for name in ("s0", "s1", "s2", "s3")]},
    "axis": {
        **_TEXT,
        "domain": False,
        "ticks": False,
        "gridColor": PALETTE["line"],
        "labelPadding": 6,
        "labelFlush": False,
        "labelOverlap": "greedy",
        "labelSeparation": 4,
        "titlePadding": 8,
    },
    "legend": {
        **_TEXT,
        "labelFontSize": _TEXT_PX + 1,
        "orient": "bottom",
        "columns": 2,
        "columnPadding": 16,
        "symbolStrokeWidth": 2.2,
        "symbolSize": 110,
    },
    "mark": {"color": PALETTE["s0"], "tooltip": True},
    "line": {"strokeWidth": 2.2},
    "area": {"fillOpacity": 0.18},
    "point": {"filled": True, "size": 50, "opacity": 1},
    "style": {
        "interval": {"color": PALETTE["muted"], "strokeWidth": 3, "strokeCap": "round", "opacity": 0.55},
        "gap": {"color": PALETTE["line"], "strokeWidth": 5},
        "hollow": {"filled": False, "strokeWidth": 2},
        "limit": {"color": PALETTE["ink"], "strokeDash": [4, 3]},
        "note": {"color": PALETTE["ink"], "fontSize": _TEXT_PX, "baseline": "bottom", "y": -4},
        "value": {"color": PALETTE["ink"], "fontSize": _TEXT_PX, "align": "left", "dx": 8},
        "photo": {"size": 64, "stroke": PALETTE["paper"], "strokeWidth": 0.8, "opacity": 1},
    },
}
