"""Puts everything on one page, and the essentials on a model card."""

from pathlib import Path

from faceline.core.files import write_text
from faceline.core.stage import run_stage
from faceline.reporting.card import render_card
from faceline.reporting.inputs import Inputs
from faceline.reporting.page import render_page


def report(
    data: dict,
    filter: dict,
    crop: dict,
    landmarks: dict,
    align: dict,
    recognition: dict,
    losses: dict,
    embedding: dict,
    evaluation: dict,
    wild: dict,
    metrics: Path,
    reports: Path,
    page: Path,
    card: Path,
) -> None:
    """One self-contained HTML page and a model card, both from the figures the other stages wrote."""
    inputs = Inputs.read(metrics, reports)
    params = {
        "data": data,
        "filter": filter,
        "crop": crop,
        "landmarks": landmarks,
        "align": align,
        "recognition": recognition,
        "losses": losses,
        "embedding": embedding,
        "evaluation": evaluation,
        "wild": wild,
    }
    write_text(page, render_page(inputs, params))
    write_text(card, render_card(inputs, params))


if __name__ == "__main__":
    run_stage(report)
