"""The page understands figures and tables as the stages' own code writes them, not only the made-up ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_people import made_table

from faceline.core.columns import ATTRIBUTES, BOX_COLUMNS, FACE_HASHES, POINT_COLUMNS
from faceline.core.files import write_json
from faceline.data.analysis.tables import analyse, summarise, write_analysis
from faceline.data.filtering.params import FilterParams
from faceline.evaluation.recognition.recognition_figures import recognition_figures
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.output import write_table
from faceline.evaluation.verification.params import EvaluationParams
from faceline.evaluation.verification.roles import dev_comparisons, query_comparisons
from faceline.evaluation.wild.wild_figures import compare_table, wild_figures
from faceline.reporting.inputs import Inputs
from faceline.reporting.page import render_page


def joined_photos(count: int = 60) -> pd.DataFrame:
    """Annotations joined with a scan, as the stage analyze has them."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"image_id": [f"{i:06d}.jpg" for i in range(count)], "person": np.arange(count) // 6})
    rows[list(BOX_COLUMNS)] = [50, 60, 80, 110]
    rows[list(POINT_COLUMNS)] = [70, 90, 105, 90, 88, 110, 75, 130, 100, 130]
    rows[list(ATTRIBUTES)] = rng.integers(0, 2, (count, len(ATTRIBUTES)))
    rows[["readable", "reason", "photo_width", "photo_height", "sharpness"]] = [True, "", 300, 300, 120.0]
    rows["hash"] = rng.integers(0, 2**63, count).astype(np.uint64)
    rows.loc[1, "hash"] = rows.loc[0, "hash"]
    rows["hash_mirrored"] = ~rows["hash"]
    rows[list(FACE_HASHES)] = pd.NA
    return rows


@pytest.fixture(scope="module")
def written(
    folders: tuple[Path, Path], params: dict[str, dict], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """Made-up folders in which the parts of three stages are replaced by what their code writes."""
    root = tmp_path_factory.mktemp("written")
    metrics, reports = (Path(shutil.copytree(folder, root / folder.name)) for folder in folders)
    few = {"bootstrap_samples": 100, "group_attributes": ["Male"]}
    evaluation = EvaluationParams.model_validate(params["evaluation"] | few)
    table = made_table(failed=0.02)
    comparisons = query_comparisons(table)
    frozen = Calibration.of(dev_comparisons(table), "", evaluation.block_mb, evaluation.seed)
    recognition = recognition_figures(table, comparisons, frozen, evaluation)
    recognition.write(reports / "recognition")
    write_json(metrics / "recognition.json", recognition.metrics)
    wild = wild_figures(table, frozen, evaluation)
    wild.write(reports / "wild")
    compared = compare_table(recognition.metrics, recognition.metrics, wild.metrics)
    write_table(reports / "wild", "compare", compared)
    write_json(metrics / "wild.json", wild.metrics)
    joined = joined_photos()
    tables = analyse(joined, FilterParams.model_validate(params["filter"]))
    write_analysis(tables, reports / "dataset")
    write_json(metrics / "dataset.json", summarise(joined, tables))
    return metrics, reports


def test_figures_without_value_have_a_reason_and_most_others_an_interval(written: tuple[Path, Path]) -> None:
    inputs = Inputs.read(*written)
    nulls = [key for key, value in inputs.metrics["recognition"].items() if value is None]
    assert "tpr_at_fpr_1e-3" in nulls
    assert [key for key in nulls if not inputs.reason(f"recognition.{key}")] == []
    for key in ("tpr_at_fpr_1e-1", "rank1", "auc", "eer", "tpr_at_dev_threshold_1e-1"):
        low, high = inputs.interval(f"recognition.{key}")
        assert low <= inputs.value(f"recognition.{key}") <= high


def test_the_page_lacks_nothing(written: tuple[Path, Path], params: dict[str, dict]) -> None:
    html = render_page(Inputs.read(*written), params)
    assert 'class="missing"' not in html
    assert "data-missing" not in html
    rank1 = json.loads((written[0] / "recognition.json").read_text())["rank1"]
    assert f'data-key="recognition.rank1" value="{json.dumps(rank1)}"' in html
