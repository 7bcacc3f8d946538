"""Charts are well-formed and in the page's colours, and their marks lie where the numbers say."""

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import norm

from faceline.reporting.charts import SPECS, Chart, draw_chart
from faceline.reporting.inputs import Inputs, Missing
from faceline.reporting.theme import PALETTE

ROOT = Path(__file__).resolve().parents[2]
LISTED = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
PLOTS = {name: plot for one in LISTED if isinstance(one, dict) for name, plot in one.items()}
TRAINING = {"table": "train_landmarks/curves.csv", "y": "dev_nme", "y_label": "error"}
GROUPS = {"x_label": "false match rate"}


def anchors_of(spec: str) -> dict[str, str]:
    return {"training_curve": TRAINING, "groups": GROUPS}.get(spec, {})


def marks(svg: str, kind: str) -> list[ElementTree.Element]:
    """The elements of all marks of a kind (line, rule, symbol, area, rect, text) that show data."""
    groups = [(one, one.get("class", "").split()) for one in ElementTree.fromstring(svg).iter("g")]
    return [mark for group, classes in groups if {f"mark-{kind}", "role-mark"} <= set(classes) for mark in group]


def place(mark: ElementTree.Element) -> tuple[float, float]:
    x, y = re.search(r"translate\(([-\d.]+),([-\d.]+)\)", mark.get("transform")).groups()
    return float(x), float(y)


def corners(path: ElementTree.Element) -> np.ndarray:
    return np.array([pair.split(",") for pair in re.findall(r"[-\d.]+,[-\d.]+", path.get("d"))], float)


@pytest.fixture
def made(tmp_path: Path):
    """Draws one specification of the rows given for its first table."""

    def draw(spec: str, name: str, rows: pd.DataFrame, **anchors: str) -> Chart:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(path, index=False)
        drawn = draw_chart(Inputs({}, tmp_path), spec, **anchors)
        assert isinstance(drawn, Chart), drawn
        return drawn

    return draw


@pytest.mark.parametrize("spec", [path.stem for path in sorted(SPECS.iterdir())])
def test_every_specification_draws_something_in_the_colours_of_the_page(spec: str, inputs: Inputs) -> None:
    chart = draw_chart(inputs, spec, **anchors_of(spec))
    root = ElementTree.fromstring(chart.svg)
    assert root.get("role") == "img"
    assert len(root.get("aria-label")) > 10
    assert sum(len(marks(chart.svg, kind)) for kind in ("line", "rule", "symbol", "area", "rect")) > 0
    assert not re.findall(r"#[0-9a-f]{3,6}\b|url\(| id=|NaN|undefined|xmlns", chart.svg)
    assert set(re.findall(r"var\(--([\w-]+)\)", chart.svg)) <= {*PALETTE, "dot-light"}
    first = next(iter(json.loads((SPECS / f"{spec}.json").read_text())["usermeta"]["tables"]))
    assert chart.table.source == f"reports/{anchors_of(spec).get('table', first)}"
    assert chart.table.rows


def test_roc_on_a_logarithmic_axis(made) -> None:
    rows = pd.DataFrame({"fpr": [0, 0.001, 0.01, 1], "tpr": [0, 0.25, 0.5, 1]})
    model, chance = (corners(path) for path in marks(made("roc", "recognition/roc.csv", rows).svg, "line"))
    assert len(model) == 3  # an FPR of zero has no place
    x, y = model.T
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(1 / 3, abs=0.01)
    assert (y[0] - y[1]) / (y[0] - y[2]) == pytest.approx(1 / 3, abs=0.01)
    assert y[2] < y[1] < y[0]  # up is towards smaller y
    assert chance[-1] == pytest.approx(model[-1])
    assert chance[0, 1] > model[0, 1]


def test_det_of_normal_scores_is_straight(made) -> None:
    thresholds = np.linspace(-1, 3, 9)
    rows = pd.DataFrame({"fmr_probit": -thresholds, "fnmr_probit": thresholds - 2.5})
    rows = rows.assign(fmr=norm.cdf(rows.fmr_probit), fnmr=norm.cdf(rows.fnmr_probit))
    infinite = pd.DataFrame({"fmr_probit": [-np.inf], "fnmr_probit": [np.inf], "fmr": [0.0], "fnmr": [1.0]})
    chart = made("det", "recognition/det.csv", pd.concat([infinite, rows]))
    (line,) = marks(chart.svg, "line")
    x, y = corners(line).T
    assert len(x) == 9
    assert np.corrcoef(x, y)[0, 1] == pytest.approx(1, abs=1e-4)
    labels = [text.text for text in ElementTree.fromstring(chart.svg).iter("text") if text.get("opacity") == "1"]
    assert {"1%", "5%", "20%"} <= set(labels)


def test_intervals_and_a_dash_for_what_is_missing(made) -> None:
    rows = pd.DataFrame(
        {
            "rate": ["tpr_at_fpr_1e-1", "tpr_at_fpr_1e-3", "auc"],
            "value": [0.5, None, 0.9],
            "low": [0.25, None, 0.8],
            "high": [1.0, None, 1.0],
        }
    )
    svg = made("intervals", "recognition/rates.csv", rows).svg
    (dot,) = marks(svg, "symbol")
    (whisker,) = marks(svg, "rule")
    length = float(whisker.get("x2"))
    assert (place(dot)[0] - place(whisker)[0]) / length == pytest.approx(1 / 3, abs=0.01)
    assert [text.text for text in marks(svg, "text")] == ["50%", "—"]
    labels = [text.text for text in ElementTree.fromstring(svg).iter("text")]
    assert {"FPR 10%", "FPR 0.1%"} <= set(labels)


def test_groups_are_those_of_one_measure_and_names_are_escaped(made) -> None:
    rows = pd.DataFrame(
        {
            "attribute": ["Big_<b>", "Male", "Male"],
            "group": ["yes", "no", "worst/best"],
            "measure": ["fmr", "fnmr", "fmr_ratio"],
            "value": [0.01, 0.2, 3.0],
            "low": [0.005, 0.1, 2.0],
            "high": [0.02, 0.3, 4.0],
            "reason": ["", "", ""],
        }
    )
    svg = made("groups", "recognition/groups.csv", rows, **GROUPS).svg
    assert len(marks(svg, "symbol")) == 1
    assert "Big <b>: yes" in [text.text for text in ElementTree.fromstring(svg).iter("text")]


def test_a_group_without_false_matches_is_a_hollow_point_with_its_upper_end(made) -> None:
    rows = pd.DataFrame(
        {
            "attribute": ["Young", "Male", "Male"],
            "group": ["yes", "yes", "no"],
            "measure": "fmr",
            "value": [None, 0.01, 0],
            "low": [None, 0.0025, 0],
            "high": [None, 0.04, 0.01],
            "reason": ["no comparisons", "", "too few"],
        }
    )
    svg = made("groups", "recognition/groups.csv", rows, **GROUPS).svg
    full, hollow = marks(svg, "symbol")
    assert hollow.get("stroke") == full.get("fill")
    assert hollow.get("fill") in (None, "none", "transparent")
    first, second = (rule for rule in marks(svg, "rule") if float(rule.get("x2")) > 0)
    zero, ends = place(hollow)[0], [place(rule)[0] + float(rule.get("x2")) for rule in (first, second)]
    assert place(second)[0] == pytest.approx(zero)
    assert ends[1] == pytest.approx(place(full)[0])  # both are 1%
    assert (ends[0] - zero) / (ends[1] - zero) == pytest.approx(2, abs=0.01)  # square root of four times as much
    assert [text.text for text in marks(svg, "text")] == ["—", "1%", "0, up to 1%"]
    texts = marks(svg, "text")
    assert [place(text)[1] for text in texts] == sorted(place(text)[1] for text in texts)


def test_bars_stand_on_the_axis_with_heights_in_proportion(made) -> None:
    rows = pd.DataFrame({"from_px": [0, 20], "to_px": [20, 40], "photos": [10, 5]})
    tall, short = (corners(bar) for bar in marks(made("box_sizes", "dataset/box_sizes.csv", rows).svg, "rect"))
    assert tall[0, 1] < short[0, 1]


def test_curves_have_no_point_where_nothing_was_measured(made) -> None:
    rows = pd.DataFrame(
        {"epoch": [1, 2, 3, 4], "dev_tpr_at_fpr_1e-2": [None, 0.5, None, 0.75], "val_accuracy": [None] * 4}
    )
    svg = made("dev_rates", "train_recognition/curves.csv", rows).svg
    (line,) = marks(svg, "line")
    assert len(corners(line)) == 2
    assert len(marks(svg, "symbol")) == 2


def test_one_colour_a_person_and_each_photo_is_named(inputs: Inputs) -> None:
    chart = draw_chart(inputs, "embedding_map")
    dots = marks(chart.svg, "symbol")
    table = pd.read_csv(inputs.reports / "recognition/embedding_map.csv")
    assert len(dots) == len(table)
    fills = [dot.get("fill") for dot in dots]
    assert len(set(fills)) == table.person.nunique()
    titles = {title.text for dot in dots for title in dot}
    assert titles == {f"person {row.person}: {row.image_id}" for row in table.itertuples()}


def test_the_three_sources_of_the_wild_comparison(inputs: Inputs) -> None:
    svg = draw_chart(inputs, "wild").svg
    names = {"annotated landmarks", "annotated boxes", "original photos"}
    labels = [text.text for text in ElementTree.fromstring(svg).iter("text")]
    assert names <= set(labels)
    assert {"FPR 1%", "dev threshold 1%"} <= set(labels)
    assert len({symbol.get("fill") for symbol in marks(svg, "symbol")}) == 3


def test_what_is_missing_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    reports = Path(shutil.copytree(folders[1], tmp_path / "reports"))
    (reports / "recognition/rates.csv").unlink()
    (reports / "recognition/roc.csv").write_text("fpr\n0.5\n")
    inputs = Inputs.read(folders[0], reports)
    for spec, why in (("histogram", "recognition/rates.csv is not there"), ("roc", "lacks the columns tpr")):
        missing = draw_chart(inputs, spec)
        assert isinstance(missing, Missing)
        assert why in missing.why


@pytest.mark.parametrize("plot", PLOTS)
def test_dvc_is_told_to_draw_the_same_tables_with_the_same_specification(plot: str, inputs: Inputs) -> None:
    told = PLOTS[plot]
    path = ROOT / told["template"]
    assert path.parent == SPECS
    tables = json.loads(path.read_text())["usermeta"]["tables"]
    read = [name.removeprefix("reports/") for name in told["y"]]
    if "" not in tables:
        assert read == list(tables)
    for name, column in told["y"].items():
        table = inputs.table(name.removeprefix("reports/"), column)
        assert not isinstance(table, Missing), table
    labels = {key: told[key] for key in ("x_label", "y_label") if key in told}
    anchors = labels | {"table": read[0], "y": next(iter(told["y"].values()))}
    assert isinstance(draw_chart(inputs, path.stem, **anchors), Chart)
