"""The notebook, its code cells run one after another in a chain that has run already, with settings of the test's."""

import builtins
import json
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from chain import BIN, ROOT, TINY
from faceline.settings.variants import load_variant

CELLS = json.loads((ROOT / "notebooks/celeba.ipynb").read_text())["cells"]
CODE = {cell["id"]: "".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"}


def settings(**changes):
    """The notebook's settings, some of them replaced."""
    names = {}
    exec(CODE["settings"], names)
    del names["__builtins__"]
    assert set(changes) <= set(names)
    return names | changes


@pytest.fixture
def shown(monkeypatch):
    """What the cells display; without IPython."""
    pieces = []
    module = ModuleType("IPython.display")
    module.HTML, module.display = str, pieces.append
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return pieces


def test_no_output_is_stored():
    assert [cell for cell in CELLS if cell.get("outputs") or cell.get("execution_count")] == []


def test_a_t4_has_parameters_that_are_valid(tmp_path):
    """As the notebook leaves the settings; the variant that it writes builds on the one that it names."""
    given = settings()
    shutil.copytree(ROOT / "params", tmp_path / "params")
    variant = {"builds_on": given["VARIANT"], **given["CHANGES"]}
    (tmp_path / "params/notebook.yaml").write_text(json.dumps(variant))
    params = load_variant("notebook", tmp_path / "params")
    assert params.recognition.precision == "float32"
    assert params.data.images.startswith("data/celeba/")


def test_its_cells_run_to_the_report(tiny_chain, tmp_path, monkeypatch, shown, capfd):
    folder = tmp_path / "clone"
    shutil.copytree(tiny_chain, folder, symlinks=True)
    (folder / "notebooks").mkdir(exist_ok=True)
    shutil.rmtree(folder / ".faceline")  # as in a fresh clone
    monkeypatch.chdir(folder / "notebooks")
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    before = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    names = settings(INSTALL=False, VARIANT="sample", CELEBA="data/sample", KEEP=str(tmp_path / "kept"), CHANGES=TINY)
    for name, text in CODE.items():
        if name != "settings":
            exec(compile(text, f"cell {name}", "exec"), names)
    assert Path.cwd() == folder
    assert (folder / "data/celeba/identity_CelebA.txt").exists()
    after = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    assert {name for name in after if after[name] != before[name]} == {"check_params"}, "the parameters are others"
    table, page = shown
    for key, value in json.loads((folder / "metrics/headline.json").read_text()).items():
        assert f"<td>{key}</td><td>{'' if value is None else f'{value:.4f}'}</td>" in table
    assert "srcdoc=" in page
    assert "&lt;html" in page
    assert (tmp_path / "kept/reports/index.html").exists()
    assert (folder / ".faceline").resolve() == tmp_path / "kept/faceline"


def test_celeba_that_is_not_there_stops_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = settings(CELEBA=str(tmp_path / "nowhere")) | {"os": os, "Path": Path, "__builtins__": builtins}
    with pytest.raises(FileNotFoundError, match="set CELEBA"):
        exec(CODE["data"], names)
