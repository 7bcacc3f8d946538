"""The stage writes its two files whole, from nothing but its deps."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_reports import METRICS, write_made_up

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_made_up(tmp_path)
    for name in ("faceline", "stages"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "params" / "base.yaml", tmp_path / "params.yaml")
    return tmp_path


def run(project: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "stages.report", "--metrics", "metrics", "--reports", "reports"]
    command += ["--page", "reports/index.html", "--card", "reports/model_card.md"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)


def test_writes_page_and_card_and_nothing_else(project: Path) -> None:
    before = set(project.rglob("*"))
    done = run(project)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    new = {path for path in set(project.rglob("*")) - before if "__pycache__" not in path.parts}
    assert {path.relative_to(project).as_posix() for path in new} == {"reports/index.html", "reports/model_card.md"}
    page = (project / "reports/index.html").read_text()
    assert f'value="{json.dumps(METRICS["recognition"]["tpr_at_fpr_1e-2"])}"' in page
    assert str(project) not in page


def test_missing_metrics_are_the_users_matter_and_leave_the_old_page(project: Path) -> None:
    (project / "metrics/wild.json").unlink()
    (project / "reports/index.html").write_text("the page before")
    done = run(project)
    assert done.returncode == 2
    assert "metrics/wild.json" in done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "reports/index.html").read_text() == "the page before"
