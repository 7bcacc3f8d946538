"""DVC's own page of curves, drawn by a browser that has no network."""

import subprocess
from pathlib import Path

import pytest

from faceline.reporting.offline_plots import main

PIPELINE = """
plots:
  - error:
      x: epoch
      y: {curves.csv: dev_nme}
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "curves.csv").write_text("epoch,dev_nme\n1,0.08\n2,0.05\n3,0.04\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main()
    subprocess.run(["dvc", "plots", "show", "-q", "-o", "shown"], cwd=folder, check=True)
    return folder / "shown" / "index.html"


def test_loads_no_script_from_elsewhere(page: Path) -> None:
    assert "<script src" not in page.read_text()


def test_a_curve_is_drawn_and_nothing_is_fetched(page: Path, chromium) -> None:
    chromium.get(page.as_uri())
    chromium.implicitly_wait(5)
    assert len(chromium.find_elements("css selector", ".vega-embed canvas.marks, .vega-embed svg.marks")) == 1
    fetched = chromium.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert [name for name in fetched if name.startswith("http")] == []
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []
