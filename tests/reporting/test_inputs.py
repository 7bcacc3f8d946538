"""What is read, what is refused, and what is said of what is not there."""

import base64
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from made_up_reports import DEV_THRESHOLD, LANDMARK_SETS, METRICS, TOO_FEW, write_summary

from faceline.core.errors import InputError
from faceline.reporting.inputs import METRICS as NAMES
from faceline.reporting.inputs import EmbeddedPicture, Inputs, Missing, ShownTable


@pytest.fixture
def copied(folders: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    return tuple(Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in folders)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_metrics_file_is_named(name: str, copied: tuple[Path, Path]) -> None:
    (copied[0] / f"{name}.json").unlink()
    with pytest.raises(InputError, match=rf"{name}\.json.*dvc repro"):
        Inputs.read(*copied)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"a": {"b": 1}}'])
def test_a_metrics_file_that_is_no_flat_object_is_refused(text: str, copied: tuple[Path, Path]) -> None:
    (copied[0] / "wild.json").write_text(text)
    with pytest.raises(InputError, match=r"wild\.json"):
        Inputs.read(*copied)


def test_figures_null_and_absent_are_told_apart(inputs: Inputs) -> None:
    assert inputs.value("recognition.rank1") == METRICS["recognition"]["rank1"]
    assert inputs.value("recognition.tpr_at_fpr_1e-3") is None
    assert inputs.has("recognition.tpr_at_fpr_1e-3")
    assert not inputs.has("recognition.no_such_key")
    assert not inputs.has("no_such_file.rank1")


def test_intervals_thresholds_and_reasons_come_from_the_table_of_rates(inputs: Inputs) -> None:
    assert inputs.interval("recognition.rank1") == pytest.approx((0.9011, 0.9633))
    assert inputs.interval("recognition.tpr_at_fpr_1e-2") == pytest.approx((0.8201, 0.9133))
    assert inputs.interval("recognition.tpr_at_fpr_1e-3") is None
    assert inputs.interval("landmarks.nme_eye_center") == pytest.approx((0.0298, 0.0331))
    assert inputs.threshold("recognition.tpr_at_dev_threshold_1e-2") == DEV_THRESHOLD
    assert inputs.threshold("recognition.rank1") is None
    for key in ("tpr_at_fpr_1e-3", "tpr_at_fpr_1e-3_low", "threshold_at_fpr_1e-3"):
        assert inputs.reason(f"recognition.{key}") == TOO_FEW
    assert inputs.reason("recognition.rank1") is None


def test_without_the_table_of_rates_there_are_no_reasons(copied: tuple[Path, Path]) -> None:
    (copied[1] / "recognition/rates.csv").unlink()
    inputs = Inputs.read(*copied)
    assert inputs.reason("recognition.tpr_at_fpr_1e-3") is None
    assert inputs.interval("recognition.tpr_at_fpr_1e-2") == pytest.approx((0.8201, 0.9133))


def test_tables_that_cannot_be_shown_say_why(copied: tuple[Path, Path]) -> None:
    inputs = Inputs.read(*copied)
    assert isinstance(inputs.table("recognition/roc.csv", "fpr", "tpr"), pd.DataFrame)
    lacking = inputs.table("recognition/roc.csv", "fpr", "no_such_column")
    assert isinstance(lacking, Missing)
    assert "no_such_column" in lacking.why
    (copied[1] / "recognition/roc.csv").write_text("fpr,tpr\n")
    empty = inputs.table("recognition/roc.csv", "fpr")
    assert isinstance(empty, Missing)
    assert "no rows" in empty.why
    (copied[1] / "recognition/roc.csv").write_text("")
    assert isinstance(inputs.table("recognition/roc.csv"), Missing)
    assert "reports/wild writes" in inputs.table("wild/nothing.csv").why


def test_pictures_travel_shrunk_and_hardly_changed(copied: tuple[Path, Path]) -> None:
    rows, columns = np.mgrid[0:300, 0:2800]
    smooth = np.stack([rows * 255 // 300, columns * 255 // 2800, 0 * rows], axis=2).astype(np.uint8)
    cv2.imwrite(str(copied[1] / "wide.png"), smooth)
    picture = Inputs.read(*copied).picture("wide.png")
    assert isinstance(picture, EmbeddedPicture)
    assert (picture.width, picture.height) == (1400, 150)
    kind, _, data = picture.uri.partition(",")
    assert kind == "data:image/webp;base64"
    again = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(again.astype(int) - smooth[::2, ::2]).mean() < 4


def test_a_file_that_is_no_picture_is_missing(copied: tuple[Path, Path]) -> None:
    (copied[1] / "broken.png").write_text("no picture")
    assert isinstance(Inputs.read(*copied).picture("broken.png"), Missing)


def test_what_stages_say_of_themselves(copied: tuple[Path, Path]) -> None:
    inputs = Inputs.read(*copied)
    assert inputs.synthetic is True
    assert inputs.landmark_set["labels"] == "synthetic"
    write_summary(copied[1], "train_recognition", synthetic=None)
    write_summary(copied[1], "landmarks", **LANDMARK_SETS["mtfl"])
    assert inputs.synthetic is False
    assert inputs.landmark_set == LANDMARK_SETS["mtfl"]


def test_what_no_stage_says_is_not_guessed(copied: tuple[Path, Path]) -> None:
    (copied[1] / "train_recognition/summary.json").unlink()
    (copied[1] / "landmarks/summary.json").unlink()
    inputs = Inputs.read(*copied)
    assert inputs.synthetic is False
    assert inputs.landmark_set == {}


def test_a_table_is_shown_as_text_with_its_first_rows() -> None:
    table = pd.DataFrame({"name": ["a", None, "c"], "share": [0.123456789, np.nan, 1.0], "n": [1, 2, 3]})
    shown = ShownTable.of(table, "reports/x.csv", limit=2)
    assert shown.columns == ("name", "share", "n")
    assert shown.rows == (("a", "0.123457", "1"), ("", "", "2"))
    assert shown.left_out == 1


def test_documents(copied: tuple[Path, Path]) -> None:
    inputs = Inputs.read(*copied)
    assert inputs.document("train_recognition/summary.json")["best"]["epoch"] == 12
    assert isinstance(inputs.document("train_recognition/none.json"), Missing)
    (copied[1] / "odd.json").write_text(json.dumps({"a": 1})[:-1])
    assert isinstance(inputs.document("odd.json"), Missing)
