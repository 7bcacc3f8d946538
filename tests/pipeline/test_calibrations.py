"""Which calibration a recogniser gets, and where it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_people import made_calibration

from faceline.core.errors import InputError
from faceline.field.cache import CACHE_VARIABLE
from faceline.field.facts import model_facts, model_names
from faceline.pipeline import calibrations
from faceline.pipeline.calibrations import KeptCalibration, calibrations_folder, find_calibration, look_up

MODEL = "a" * 64


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(calibrations, "SHIPPED", tmp_path / "shipped")


def kept(made_on: str, model: str = MODEL, people: int = 9) -> KeptCalibration:
    calibration = made_calibration(np.linspace(-1, 1, 500), model, people, 30)
    return KeptCalibration(made_on=made_on, recognizer="net", detector="yunet", calibration=calibration)


def test_the_users_own_goes_before_the_chains_and_the_shipped(tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert look_up(MODEL, models) is None
    (tmp_path / "shipped").mkdir()
    (tmp_path / f"shipped/{MODEL}.json").write_text(kept("shipped people").model_dump_json())
    assert find_calibration(MODEL, models).made_on == "shipped people"
    kept("", people=12).calibration.write(models / "calibration.json")
    assert find_calibration(MODEL, models).calibration.people == 12
    path = kept("my friends", people=7).keep()
    found = find_calibration(MODEL, models)
    assert (found.made_on, found.calibration.people, found.path) == ("my friends", 7, path)
    assert path == tmp_path / f"cache/calibrations/{MODEL}.json"


def test_it_says_whose_photos_it_was_made_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept("my friends").keep()
    with caplog.at_level("INFO"):
        find_calibration(MODEL, tmp_path)
    assert "made on my friends (9 people)" in caplog.text


def test_without_one_the_way_to_make_it_is_named(tmp_path: Path) -> None:
    kept("others", "b" * 64).keep()
    with pytest.raises(InputError, match=r"`faceline calibrate PEOPLE_DIR` makes one.*`dvc repro`.*--threshold"):
        find_calibration(MODEL, tmp_path)
    kept("", "b" * 64).calibration.write(tmp_path / "calibration.json")
    with pytest.raises(InputError, match="made for another recogniser"):
        find_calibration(MODEL, tmp_path)


def test_a_broken_file_is_an_error_and_not_passed_over(tmp_path: Path) -> None:
    kept("my friends").keep().write_text('{"made_on": "x"}')
    with pytest.raises(InputError, match=r"\.json: cannot be read as a calibration .*`faceline calibrate`"):
        look_up(MODEL, tmp_path)


def test_without_the_variable_it_lies_with_the_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert calibrations_folder() == Path("/somewhere/faceline/calibrations")


def test_shipped_ones_are_of_models_with_a_name_and_say_whose_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    hashes = {model_facts(name).sha256: name for name in model_names("recognizer")}
    files = list(calibrations.SHIPPED.glob("*.json"))
    assert [hashes[file.stem] for file in files] == ["sface"]
    shipped = KeptCalibration.model_validate_json(files[0].read_bytes())
    assert shipped.calibration.model == files[0].stem
    assert "CelebA" in shipped.made_on
    assert shipped.calibration.smallest_fmr([1, 5]) < 0.001
