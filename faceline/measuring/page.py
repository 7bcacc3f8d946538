"""The report page of an evaluation: the chain's page, without what there is no chain for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

from faceline.measuring.evaluate import failure_table
from faceline.reporting.charts import draw_chart
from faceline.reporting.groups import Groups
from faceline.reporting.inputs import Inputs, ShownTable
from faceline.reporting.page import fill_template
from faceline.reporting.theme import STYLE

SECTIONS = {
    "evaluation_short": "In short",
    "recognition": "Recognition",
    "evaluation_groups": "Groups",
    "evaluation_failures": "Failures",
    "figures": "All figures",
}


def render_evaluation(
    metrics: Mapping[str, float | int | None],
    reports: Path,
    failures: Sequence[tuple[str, str]],
    facts: Mapping[str, object],
) -> str:
    """The whole page.

    Args:
        metrics: the figures of the evaluation.
        reports: the folder whose subfolder `recognition` holds tables and sheets.
        failures: (photo, reason) of those without a usable face.
        facts: source, recognizer, detector, counts (people and photos by role) and calibration (`made_on`, or None).

    Returns:
        HTML text that loads nothing from anywhere.
    """
    inputs = Inputs({"recognition": dict(metrics)}, reports)
    return fill_template(
        "page.html",
        inputs,
        style=STYLE,
        header="evaluation_header",
        made_by="faceline evaluate",
        sections=SECTIONS,
        versions={"faceline": version("faceline")},
        groups=Groups.of(inputs),
        draw_chart=partial(draw_chart, inputs),
        failures=ShownTable.of(failure_table(failures), "reports/failures.csv"),
        **facts,
    )
