"""DVC's own page of the report's charts, drawn by a browser that has no network."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from made_up_reports import write_made_up

from faceline.plots.offline_plots import main

ROOT = Path(__file__).resolve().parents[2]
SPECS = "faceline/reporting/specs"
PLOTS = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
CHARTS = [plot for plot in PLOTS if isinstance(plot, dict)]
PICTURES = [plot for plot in PLOTS if isinstance(plot, str)]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's plots over made-up reports: a commit, and a loss that has changed since."""
    folder = tmp_path_factory.mktemp("repository")
    _, reports = write_made_up(folder)
    shutil.copytree(ROOT / SPECS, folder / SPECS)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": PLOTS}))
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@localhost"]
    for command in (
        ["git", "init", "-q"],
        ["dvc", "init", "-q"],
        ["git", "add", "."],
        ["git", *who, "commit", "-q", "-m", "made up"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main()
    curves = reports / "train_recognition" / "curves.csv"
    curves.write_text(curves.read_text().replace("\n1,", "\n1,1"))
    return folder


def pages(repository: Path, *command: str) -> Path:
    subprocess.run(["dvc", "plots", *command, "-q", "-o", "shown"], cwd=repository, check=True)
    return repository / "shown" / "index.html"


def test_loads_no_script_from_elsewhere_and_leaves_no_anchor(repository: Path) -> None:
    text = pages(repository, "show").read_text()
    assert "<script src" not in text
    assert "<DVC_METRIC" not in text


def test_revisions_are_drawn_together(repository: Path) -> None:
    text = pages(repository, "diff", "HEAD").read_text()
    assert text.count('"domain": ["workspace", "HEAD"]') >= len(CHARTS)
    assert "<DVC_METRIC" not in text
    shown = re.findall(r'<img src="(static/[^"]+)"', text)
    assert len(PICTURES) == 8
    assert len(shown) == 2 * len(PICTURES)
    for picture in PICTURES:
        copies = [(repository / "shown" / file).read_bytes() for file in shown if picture.replace("/", "_") in file]
        assert copies == [(repository / picture).read_bytes()] * 2


def test_every_chart_is_drawn_and_nothing_is_fetched(repository: Path, chromium) -> None:
    chromium.get(pages(repository, "show").as_uri())
    chromium.implicitly_wait(5)
    shown = chromium.find_elements("css selector", ".vega-embed canvas.marks, .vega-embed svg.marks")
    assert len(shown) == len(CHARTS)
    fetched = chromium.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert [name for name in fetched if name.startswith("http")] == []
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []
