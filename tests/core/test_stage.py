import json
import shutil
from pathlib import Path

import pytest

from faceline.core.errors import FacelineError, InputError
from faceline.core.stage import run_stage
from faceline.data.crops.params import CropParams
from faceline.data.scan.params import DataParams

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)


def made(crop: CropParams, where: DataParams, losses: dict, some_input: Path, out: Path) -> None:
    """Writes what it was given."""
    out.write_text(json.dumps([crop.context, where.max_unreadable, losses["ce"], str(some_input)]))


def test_paths_come_from_the_command_line_and_groups_from_the_file():
    run_stage(made, ["--some-input", "a/b.csv", "--out", "o.json"])
    assert json.loads(Path("o.json").read_text()) == [0.3, 0, {"label_smoothing": 0.0}, "a/b.csv"]


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


def test_a_mistake_in_a_group_stops_the_stages_that_read_it_before_any_work(capsys):
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("  context: 0.3", "  context: -1").replace("arcface", "arcfaec"))
    with pytest.raises(SystemExit) as ended:
        run_stage(made, ["--some-input", "a", "--out", "o.json"])
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert "crop.context" in message
    assert "arcfaec" not in message  # the concern of other stages and of check_params
    assert not Path("o.json").exists()


def test_an_interrupted_stage_says_so_in_one_line(capsys):
    def waits(out: Path) -> None:
        """Waits."""
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        run_stage(waits, ["--out", "x"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "python -m stages.waits: interrupted\n"
