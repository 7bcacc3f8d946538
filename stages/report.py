"""Puts everything on one page, and the essentials on a model card."""

from pathlib import Path

from faceline.alignment.fit.params import AlignParams
from faceline.core.files import write_text
from faceline.core.stage import run_stage
from faceline.data.crops.params import CropParams
from faceline.data.filtering.params import FilterParams
from faceline.data.scan.params import DataParams
from faceline.evaluation.verification.params import EvaluationParams
from faceline.landmarks.training.params import LandmarkParams
from faceline.recognition.training.params import RecognitionParams
from faceline.reporting.card import render_card
from faceline.reporting.page import render_page
from faceline.reporting.sources import Sources
from faceline.wild.params import WildParams


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
