import json

import numpy as np
import pandas as pd
import pytest
from made_people import made_table
from tiny_faces import SAMPLE_PARAMS

from faceline.core.errors import FacelineError, InputError
from faceline.core.files import replacing_folder
from faceline.evaluation.embeddings.table import write_embeddings
from faceline.evaluation.scores.rates import pair_scores, tpr_at_fpr
from faceline.evaluation.verification.calibration import Calibration
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.imaging.images import decode_rgb, encode_jpeg
from faceline.packed.sets import PackedWriter
from faceline.settings.schema import load_params
from stages.evaluate_recognition import evaluate_recognition

EVALUATION = load_params(SAMPLE_PARAMS).evaluation.model_copy(
    update={"bootstrap_samples": 100, "group_attributes": ["Male", "Smiling"]}
)
SHEETS = {"hardest_genuine", "hardest_impostor", "confused_people"}


def evaluate(folder, table, evaluation=EVALUATION):
    """Runs the stage and gives its metrics."""
    write_embeddings(folder / "embeddings.parquet", table)
    kept = table.rows[table.ok].drop(columns=["status", "head_label"])
    tiles = [encode_jpeg(np.full((24, 24, 3), 5 * (person % 50), np.uint8), 95) for person in kept["person"]]
    with replacing_folder(folder / "aligned") as aligned, PackedWriter(aligned, {"kind": "aligned"}) as writer:
        writer.write(kept, tiles)
    evaluate_recognition(
        evaluation,
        folder / "embeddings.parquet",
        folder / "aligned",
        folder / "calibration.json",
        folder / "recognition.json",
        folder / "report",
    )
    return json.loads((folder / "recognition.json").read_text())


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated")
    table = made_table(failed=0.03)
    return folder, table, evaluate(folder, table)


def test_metrics_are_the_rates_and_the_counts(evaluated):
    """Every rate of the table is a metric of the same value; what is left are counts, bounds and thresholds."""
    folder, _, metrics = evaluated
    assert all(value is None or isinstance(value, int | float) for value in metrics.values())
    rates = pd.read_csv(folder / "report" / "rates.csv").set_index("rate")
    for name, rate in rates.iterrows():
        found = np.nan if metrics[name] is None else metrics[name]
        assert found == pytest.approx(rate["value"], abs=1e-5, nan_ok=True), name
    for name in set(metrics) - set(rates.index):
        kind, _, target = name.partition("_at_fpr_")
        if target:
            column = {"threshold": "threshold", "tpr": target.rpartition("_")[2]}[kind]
            rate = rates.loc[f"tpr_at_fpr_{target.partition('_')[0]}", column]
            found = np.nan if metrics[name] is None else metrics[name]
            assert found == pytest.approx(rate, abs=1e-5, nan_ok=True), name
        else:
            assert isinstance(metrics[name], int), name


def test_figures_agree_with_the_small_forms(evaluated):
    folder, table, metrics = evaluated
    query, distractor, dev = (table.rows["role"] == role for role in ("query", "distractor", "dev"))
    ours = query & table.ok
    genuine, impostor = pair_scores(table.embeddings[ours], table.rows["person"][ours])
    others = table.embeddings[distractor & table.ok]
    impostor = np.concatenate([impostor, (table.embeddings[ours] @ others.T).ravel()])
    missing = metrics["positive_pairs"] - len(genuine)
    assert metrics["positive_pairs"] == 20 * 15
    assert missing > 0
    assert metrics["negative_pairs"] == len(impostor)
    tpr, threshold = tpr_at_fpr(np.append(genuine, np.full(missing, -2)), impostor, 0.05)
    assert metrics["tpr_at_fpr_5e-2"] == pytest.approx(tpr, abs=1e-6)
    assert metrics["threshold_at_fpr_5e-2"] == pytest.approx(threshold, abs=1e-6)
    assert metrics["tpr_at_fpr_5e-2_low"] < tpr < metrics["tpr_at_fpr_5e-2_high"]

    _, of_dev = pair_scores(table.embeddings[dev & table.ok], table.rows["person"][dev & table.ok])
    frozen = tpr_at_fpr(genuine, of_dev, 0.1)[1]
    assert metrics["tpr_at_dev_threshold_1e-1"] == pytest.approx((genuine > frozen).sum() / (len(genuine) + missing))
    assert metrics["fpr_at_dev_threshold_1e-1"] == pytest.approx(np.mean(impostor > frozen), abs=1e-6)
    assert Calibration.read(folder / "calibration.json").pairs.threshold(0.1) == pytest.approx(frozen)
    assert metrics["failure_to_acquire"] == pytest.approx((~table.ok[query]).mean(), abs=1e-6)


def test_rates_rise_with_fpr(evaluated):
    rates = {
        float(key.removeprefix("tpr_at_fpr_")): value
        for key, value in evaluated[2].items()
        if key.startswith("tpr_at_fpr_") and key[-1].isdigit() and value is not None
    }
    assert len(rates) >= 5
    assert [rates[fpr] for fpr in sorted(rates)] == sorted(rates.values())


def test_what_the_data_cannot_give_is_null_with_a_reason(evaluated):
    folder, _, metrics = evaluated
    table = pd.read_csv(folder / "report" / "rates.csv", keep_default_na=False).set_index("rate")
    nulls = [key for key, value in metrics.items() if value is None and key in table.index]
    assert "tpir_at_fpir_1e-2" in nulls
    assert all(table.loc[key, "reason"] for key in nulls)
    assert all(not table.loc[key, "reason"] for key in table.index if metrics[key] is not None)


def test_report_holds_tables_and_sheets_of_faces(evaluated):
    report = evaluated[0] / "report"
    assert {path.stem for path in report.glob("*.png")} == SHEETS
    tables = {path.stem: pd.read_csv(path) for path in report.glob("*.csv")}
    assert tables.keys() >= {
        *SHEETS,
        "roc",
        "det",
        "scores_histogram",
        "cmc",
        "groups",
        "embedding_map",
        "per_person",
    }
    assert all(len(table) for table in tables.values())
    assert len(tables["roc"]) <= 500
    for name in SHEETS:
        assert decode_rgb((report / f"{name}.png").read_bytes()).std() > 1
    hardest = pd.read_csv(report / "hardest_impostor.csv")
    assert (hardest["person"] != hardest["other_person"]).all()
    assert len(hardest) == 24
    rows = evaluated[1].rows.set_index("image_id")
    genuine = pd.read_csv(report / "hardest_genuine.csv")
    for column in ("image_id", "other_image_id"):
        assert (rows.loc[genuine[column], "person"].to_numpy() == genuine["person"].to_numpy()).all()
    confused = pd.read_csv(report / "confused_people.csv")
    assert (rows.loc[confused["other_image_id"], "person"].to_numpy() == confused["nearest"].to_numpy()).all()


def test_the_same_again_gives_the_same_bytes(evaluated, tmp_path):
    evaluate(tmp_path, evaluated[1])
    for path in sorted(evaluated[0].rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(evaluated[0])).read_bytes(), path.name


def test_the_impostor_scores_are_computed_once(tmp_path, monkeypatch):
    """Two sets of comparisons: dev people among themselves; query people so too, and with distractors."""
    used = set()
    compute = ImpostorScores._tile

    def noted(scores, place):
        used.add(scores)
        return compute(scores, place)

    monkeypatch.setattr(ImpostorScores, "_tile", noted)
    evaluate(tmp_path, made_table())
    assert sorted(scores.products for scores in used) == [1, 2]
    assert {len(scores.comparisons.distractor) for scores in used} == {0, 45}


def test_little_memory_gives_the_same_figures(evaluated, tmp_path):
    metrics = evaluate(tmp_path, evaluated[1], EVALUATION.model_copy(update={"block_mb": 1}))
    for key, value in evaluated[2].items():
        assert metrics[key] == (None if value is None else pytest.approx(value, abs=2e-6)), key


def test_too_few_dev_people_leave_frozen_figures_null(tmp_path):
    sizes = {"train": (3, 10), "dev": (3, 4), "query": (12, 4), "distractor": (4, 2)}
    metrics = evaluate(tmp_path, made_table(sizes))
    for key in ("tpr_at_dev_threshold_1e-1", "fpr_at_dev_threshold_1e-2", "fmr_Male_yes", "fmr_ratio_Male"):
        assert metrics[key] is None
    assert metrics["tpr_at_fpr_1e-1"] is not None
    assert metrics["accuracy_top5"] is None
    reasons = pd.read_csv(tmp_path / "report" / "rates.csv").set_index("rate")["reason"]
    assert "3 dev people" in reasons["tpr_at_dev_threshold_1e-1"]
    assert "3 train people" in reasons["accuracy_top5"]


def test_without_distractors_train_people_and_attributes(evaluated, tmp_path):
    table = made_table({"dev": (20, 5), "query": (20, 6)})
    table.rows.drop(columns="Male", inplace=True)
    table.rows["Smiling"] = pd.array([None] * len(table.rows), "Int8")
    metrics = evaluate(tmp_path, table)
    assert set(metrics) == {key for key in evaluated[2] if "Male" not in key and "Smiling" not in key}
    assert len(evaluated[2]) - len(metrics) == 10
    assert pd.read_csv(tmp_path / "report" / "groups.csv").empty
    assert metrics["accuracy_top1"] is None
    assert metrics["negative_pairs"] == 190 * 36


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ({"dev": (5, 4), "distractor": (5, 2)}, InputError),
        ({"dev": (5, 4), "query": (1, 4)}, InputError),
        ({"dev": (5, 4), "query": (6, 1)}, InputError),
        ({"query": (6, 4)}, InputError),
    ],
)
def test_no_figure_where_there_is_nothing_to_compare(tmp_path, sizes, error):
    with pytest.raises(error):
        evaluate(tmp_path, made_table(sizes))
    assert not (tmp_path / "recognition.json").exists()


def test_a_collapsed_model_gets_no_figure(tmp_path):
    table = made_table({"dev": (5, 4), "query": (6, 4)})
    table.embeddings[:] = table.embeddings[0]
    with pytest.raises(FacelineError, match="collapsed"):
        evaluate(tmp_path, table)
    assert not (tmp_path / "calibration.json").exists()
