"""The page in a real browser: no error, nothing fetched, nothing that has to be scrolled sideways."""

from pathlib import Path

import pytest

from faceline.reporting.inputs import Inputs
from faceline.reporting.page import render_page

PHONE_PX = 360


@pytest.fixture(scope="module")
def browser(chromium, inputs: Inputs, params: dict[str, dict], tmp_path_factory: pytest.TempPathFactory):
    path = Path(tmp_path_factory.mktemp("page")) / "index.html"
    path.write_text(render_page(inputs, params))
    chromium.get(path.as_uri())
    return chromium


def emulate(browser, width_px: int, scheme: str) -> None:
    size = {"width": width_px, "height": 800, "deviceScaleFactor": 1, "mobile": width_px < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def test_no_console_message_and_nothing_fetched(browser) -> None:
    assert browser.get_log("browser") == []
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert [name for name in fetched if not name.startswith("data:")] == []


def test_every_picture_is_shown(browser) -> None:
    widths = browser.execute_script("return [...document.images].map(one => one.naturalWidth)")
    assert len(widths) == 12
    assert min(widths) > 50


@pytest.mark.parametrize("width_px", [PHONE_PX, 800, 1400])
def test_the_page_is_no_wider_than_its_window(browser, width_px: int) -> None:
    emulate(browser, width_px, "light")
    browser.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width_px


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper(browser, scheme: str) -> None:
    emulate(browser, 1400, scheme)
    script = """
    const luminance = text => {
      const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
    const paper = luminance(style('body', 'backgroundColor')), card = luminance(style('.card', 'backgroundColor'));
    const warning = luminance(style('.banner', 'backgroundColor'));
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return {paper: paper, ratios: {
      body: ratio(paper, luminance(style('body', 'color'))), lead: ratio(paper, luminance(style('.lead', 'color'))),
      link: ratio(paper, luminance(style('nav a', 'color'))),
      tick: ratio(paper, luminance(style('.role-axis-label text', 'fill'))),
      card: ratio(card, luminance(style('.card h3', 'color'))),
      banner: ratio(warning, luminance(style('.banner', 'color'))),
    }};
    """
    found = browser.execute_script(script)
    assert (found["paper"] > 0.5) == (scheme == "light")
    assert {name: ratio for name, ratio in found["ratios"].items() if ratio < 4.5} == {}
