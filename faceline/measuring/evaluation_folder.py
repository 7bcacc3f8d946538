"""An evaluation on disk: the page, beside it the figures and, laid out as the chain has them, tables and sheets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from faceline.core.files import replacing_folder, write_json, write_text
from faceline.measuring.evaluate import PeopleFigures, failure_table
from faceline.measuring.page import render_evaluation
from faceline.measuring.people_embeddings import PeopleEmbeddings
from faceline.measuring.people_photos import PeoplePhotos
from faceline.measuring.shown_faces import ShownFaces
from faceline.pipeline.face_pipeline import FacePipeline
from faceline.pipeline.private import make_private
from faceline.spreadsheets.tables import safe_table


def write_evaluation(
    out: Path,
    measured: PeopleFigures,
    embedded: PeopleEmbeddings,
    photos: PeoplePhotos,
    pipeline: FacePipeline,
    facts: Mapping[str, object],
    report: Mapping[str, object],
) -> None:
    """Writes index.html, evaluation.json, metrics/recognition.json and reports/; all of it or nothing.

    Args:
        facts: as `render_evaluation` takes them, without the counts.
        report: what is printed.
    """
    metrics = measured.figures.metrics
    with replacing_folder(out) as folder:
        reports = folder / "reports"
        measured.write(reports / "recognition", embedded.table, ShownFaces(photos, pipeline))
        failure_table(embedded.failures).to_csv(reports / "failures.csv", index=False)
        write_json(folder / "metrics/recognition.json", metrics)
        write_json(folder / "evaluation.json", report)
        page = render_evaluation(metrics, reports, embedded.failures, {**facts, "counts": measured.counts})
        write_text(folder / "index.html", page)
        for path in reports.rglob("*.csv"):  # the page has been made of them as they were
            safe_table(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)
        make_private(folder)
