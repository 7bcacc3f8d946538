import json
import shutil
from pathlib import Path

import pytest

from faceline.core.errors import FacelineError, InputError
from faceline.core.stage import run_stage
from faceline.data.crops.params import CropParams
from faceline.models.runtime import RuntimeParams

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)


def made(crop: CropParams, runtime: RuntimeParams, some_input: Path, out: Path) -> None:
    """Writes what it was given."""
    out.write_text(json.dumps([crop.context, runtime.workers, str(some_input)]))


def test_paths_come_from_the_command_line_and_groups_from_the_file():
    run_stage(made, ["--some-input", "a/b.csv", "--out", "o.json"])
    assert json.loads(Path("o.json").read_text()) == [0.3, 2, "a/b.csv"]


def test_every_path_must_be_given(capsys):
    with pytest.raises(SystemExit) as ended:
        run_stage(made, ["--out", "o.json"])
    assert ended.value.code == 2
    assert "--some-input" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(InputError("file x, row 3"), 2), (FacelineError("diverged"), 1)])
def test_errors_are_a_line_and_an_exit_code_not_a_traceback(capsys, error, code):
    def fails(out: Path) -> None:
        """Fails."""
        raise error

    with pytest.raises(SystemExit) as ended:
        run_stage(fails, ["--out", "x"])
    assert ended.value.code == code
    assert capsys.readouterr().err == f"python -m stages.fails: {error}\n"


def test_a_wrong_param_of_any_group_stops_before_work(capsys):
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("loss: arcface ", "loss: arcfaec "))
    with pytest.raises(SystemExit) as ended:
        run_stage(made, ["--some-input", "a", "--out", "o.json"])
    assert ended.value.code == 2
    assert "recognition.loss" in capsys.readouterr().err
    assert not Path("o.json").exists()
