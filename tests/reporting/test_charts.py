"""Charts are well-formed, and their marks lie where the numbers say."""

from xml.etree import ElementTree

import numpy as np
import pytest

from faceline.reporting.axes import linear_axis, percent
from faceline.reporting.charts import Row, Series, bar_chart, interval_chart, line_chart, scatter_chart

UNIT = linear_axis("x & y", [], 0, 1, percent)


def parts(svg: str, tag: str, kind: str = "") -> list[ElementTree.Element]:
    elements = ElementTree.fromstring(svg).iter(tag)
    return [one for one in elements if kind in one.get("class", "").split() or not kind]


def corners(points: str) -> np.ndarray:
    return np.array([pair.split(",") for pair in points.split()], float)


def test_line_runs_through_its_points_in_proportion() -> None:
    svg = line_chart("a line", UNIT, UNIT, [Series("one", [0, 0.25, 1], [0, 1, 0.5])])
    (curve,) = parts(svg, "polyline", "curve")
    points = corners(curve.get("points"))
    share_x = (points[1, 0] - points[0, 0]) / (points[2, 0] - points[0, 0])
    assert share_x == pytest.approx(0.25, abs=1e-3)
    assert points[1, 1] < points[2, 1] < points[0, 1]  # up is towards smaller y
    assert (points[0, 1] - points[2, 1]) / (points[0, 1] - points[1, 1]) == pytest.approx(0.5, abs=1e-3)


def test_gaps_are_left_out_and_long_lines_thinned() -> None:
    x = np.linspace(0, 1, 5000)
    y = np.where(x < 0.5, np.nan, x)
    (curve,) = parts(line_chart("", UNIT, UNIT, [Series("one", x, y)]), "polyline", "curve")
    points = corners(curve.get("points"))
    assert 100 < len(points) <= 400
    assert points[-1, 0] == points[:, 0].max()


def test_names_are_escaped() -> None:
    svg = scatter_chart("<b>", np.array([[0, 0], [1, 1]]), ["a", "b"], ["<script>", 'x"y'])
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == "<b>"
    assert [title.text for title in root.iter("title")] == ["<script>", 'x"y']


def test_people_on_the_map_have_colours_of_their_own() -> None:
    points = np.random.default_rng(0).normal(size=(40, 2))
    people = np.repeat(np.arange(20), 2).tolist()
    circles = parts(scatter_chart("map", points, people, [""] * 40), "circle")
    hues = [circle.get("style") for circle in circles]
    assert len(set(hues)) == 20
    assert all(hues[i] == hues[i + 1] for i in range(0, 40, 2))


def test_bars_stand_on_the_axis_with_heights_in_proportion() -> None:
    svg = bar_chart("bars", UNIT, linear_axis("n", [], 0, 10), [0, 0.5], [0.5, 1], [[10, 5]])
    tall, short = parts(svg, "rect", "bar")
    assert float(short.get("height")) == pytest.approx(float(tall.get("height")) / 2, abs=0.1)
    feet = [float(bar.get("y")) + float(bar.get("height")) for bar in (tall, short)]
    assert feet[0] == pytest.approx(feet[1], abs=0.11)


def test_interval_chart_marks_value_and_interval_and_dashes_what_is_missing() -> None:
    rows = [Row("known", (0.5,), (0.25,), (1.0,)), Row("unknown", (None,), (None,), (None,))]
    svg = interval_chart("rates", UNIT, rows)
    (dot,) = parts(svg, "circle", "dot")
    (whisker,) = parts(svg, "line", "whisker")
    low, value, high = float(whisker.get("x1")), float(dot.get("cx")), float(whisker.get("x2"))
    assert (value - low) / (high - low) == pytest.approx(1 / 3, abs=0.01)
    assert [text.text for text in parts(svg, "text", "value")] == ["50%", "—"]
    labels = [text.text for text in parts(svg, "text", "tick")]
    assert {"known", "unknown"} <= set(labels)


def test_labels_of_an_axis_do_not_run_into_one_another() -> None:
    many = linear_axis("x", [], 0, 1000)
    crowded = type(many)("x", 0, 1000, tuple(range(0, 1000, 10)), text=str)
    svg = line_chart("", crowded, UNIT, [])
    bottom = [one for one in parts(svg, "text", "tick") if one.get("text-anchor") == "middle"]
    places = [float(one.get("x")) for one in bottom]
    assert 2 < len(places) < 30
    assert min(np.diff(places)) > 12
