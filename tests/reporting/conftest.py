"""Made-up figures and tables, and a browser, made once for all tests of the report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up_reports import write_made_up

from faceline.core.params import Group
from faceline.reporting.sources import Sources
from faceline.settings.schema import load_params

_SHOWN = ("data", "filter", "crop", "landmarks", "align", "recognition", "evaluation", "wild")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Complete `metrics` and `reports` folders; not to be changed."""
    return write_made_up(tmp_path_factory.mktemp("made_up"))


@pytest.fixture(scope="session")
def sources(folders: tuple[Path, Path]) -> Sources:
    return Sources.read(*folders)


@pytest.fixture(scope="session")
def params() -> dict[str, Group]:
    loaded = load_params(Path(__file__).resolve().parents[2] / "params" / "sample.yaml")
    return {name: getattr(loaded, name) for name in _SHOWN}


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A headless browser."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("no chromium with chromedriver on this machine")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield started
    started.quit()
