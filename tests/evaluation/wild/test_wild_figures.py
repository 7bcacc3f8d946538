import dataclasses

import numpy as np
import pytest
from made_people import made_calibration, made_table
from tiny_faces import tiny_params

from faceline.evaluation.wild.wild_figures import compare_table, wild_figures


def test_only_faces_that_no_detector_found_lower_the_recall():
    table = made_table({"query": (12, 4), "distractor": (6, 2)})
    status = table.rows["status"].to_numpy(object)
    status[[3, 20, 50]] = "no_face", "eyes_too_close", "unreadable"
    embeddings = table.embeddings.copy()
    embeddings[[3, 20, 50]] = np.nan
    table = dataclasses.replace(table, rows=table.rows.assign(status=status), embeddings=embeddings)
    evaluation = tiny_params().evaluation
    figures = wild_figures(table, made_calibration(np.linspace(-1, 1, 2001)), evaluation)
    assert figures.metrics["detection_recall"] == pytest.approx(1 - 2 / 60)
    assert figures.metrics["failure_to_acquire"] == pytest.approx(3 / 60)
    assert figures.metrics["positive_pairs"] == 12 * 6
    assert figures.acquisition["photos"].sum() == 60


def test_sources_are_compared_where_all_three_have_the_figure():
    table = compare_table(
        {"auc": 0.9, "eer": None, "rank1": 1.0},
        {"auc": 0.8, "eer": 0.2, "silhouette": 0.1},
        {"eer": 0.3, "auc": 0.75},
    ).set_index("metric")
    assert table.index.tolist() == ["eer", "auc"]
    assert table.loc["auc", ["by_hourglass", "by_detector"]].tolist() == pytest.approx([-0.1, -0.05])
    assert np.isnan(table.loc["eer", "by_hourglass"])
    assert table.loc["eer", "by_detector"] == pytest.approx(0.1)
