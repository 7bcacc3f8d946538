"""Charts of the data set: what is in it, and what the filters leave."""

from __future__ import annotations

import numpy as np

from faceline.reporting.axes import linear_axis, percent
from faceline.reporting.charts import Row, bar_chart, interval_chart
from faceline.reporting.exhibits import Exhibit
from faceline.reporting.sources import Missing, Sources


def _attributes(sources: Sources) -> Exhibit | Missing:
    table = sources.table("dataset/attribute_shares.csv", "attribute", "all", "usable")
    if isinstance(table, Missing):
        return table
    ordered = table.sort_values("all", ascending=False)
    rows = [
        Row(name.replace("_", " "), (float(everyone), float(usable)))
        for name, everyone, usable in ordered[["attribute", "all", "usable"]].itertuples(index=False, name=None)
    ]
    axis = linear_axis("share of photos", [], 0, 1, percent)
    svg = interval_chart("Share of photos with each attribute, before and after the filters", axis, rows)
    return Exhibit.of(svg, ["all photos", "usable photos"], ordered, "reports/dataset/attribute_shares.csv")


def _photos_per_person(sources: Sources) -> Exhibit | Missing:
    table = sources.table("dataset/photos_per_person.csv", "photos", "all", "usable")
    if isinstance(table, Missing):
        return table
    x = linear_axis("photos of a person", [0, table.photos.max() + 0.5], low=0)
    y = linear_axis("people", np.concatenate([table["all"], table.usable]), low=0)
    heights = [table["all"].tolist(), table.usable.tolist()]
    svg = bar_chart("How many people have how many photos", x, y, table.photos - 0.5, table.photos + 0.5, heights)
    return Exhibit.of(svg, ["all photos", "usable photos"], table, "reports/dataset/photos_per_person.csv")


def _box_sizes(sources: Sources) -> Exhibit | Missing:
    table = sources.table("dataset/box_sizes.csv", "from_px", "to_px", "photos")
    if isinstance(table, Missing):
        return table
    x = linear_axis("shorter side of the face's box, px", table.to_px, low=0)
    y = linear_axis("photos", table.photos, low=0)
    svg = bar_chart("Sizes of the face boxes", x, y, table.from_px, table.to_px, [table.photos.tolist()])
    return Exhibit.of(svg, [], table, "reports/dataset/box_sizes.csv")


CHARTS = {"attributes": _attributes, "photos_per_person": _photos_per_person, "box_sizes": _box_sizes}
