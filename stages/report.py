"""Puts everything on one page, and the essentials on a model card."""

from pathlib import Path

from faceline.core.files import write_text
from faceline.core.params import (
    AlignParams,
    CropParams,
    DataParams,
    EvaluationParams,
    FilterParams,
    LandmarkParams,
    RecognitionParams,
    WildParams,
)
from faceline.core.stage import run_stage
from faceline.reporting.card import render_card
from faceline.reporting.page import render_page
from faceline.reporting.sources import Sources


def report(
    data: DataParams,
    filter: FilterParams,
    crop: CropParams,
    landmarks: LandmarkParams,
    align: AlignParams,
    recognition: RecognitionParams,
    evaluation: EvaluationParams,
    wild: WildParams,
    metrics: Path,
    reports: Path,
    page: Path,
    card: Path,
) -> None:
    """One self-contained HTML page and a model card, both from the figures the other stages wrote."""
    sources = Sources.read(metrics, reports)
    params = {
        "data": data,
        "filter": filter,
        "crop": crop,
        "landmarks": landmarks,
        "align": align,
        "recognition": recognition,
        "evaluation": evaluation,
        "wild": wild,
    }
    write_text(page, render_page(sources, params))
    write_text(card, render_card(sources, params))


if __name__ == "__main__":
    run_stage(report)
