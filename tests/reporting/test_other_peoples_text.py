"""Words of other people on the page and the card: shown, and never HTML or Markdown of their own."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from documents import PARSER, links_of
from made_up_reports import LANDMARK_SETS, write_summary

from faceline.reporting.card import render_card
from faceline.reporting.inputs import Inputs
from faceline.reporting.page import render_page

SCRIPT = "<script>alert(1)</script>"
QUOTED = "\"'><img src=x onerror=alert(2)>"
MARKDOWN = f"{SCRIPT} | `x` [link](javascript:alert(3)) ![x](http://example.org/x.png)\n# heading\n"
PLANTED = {"source": SCRIPT + QUOTED, "licence": MARKDOWN, "labels_by": QUOTED + MARKDOWN}


class Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def planted(
    folders: tuple[Path, Path], params: dict, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Inputs, dict]:
    """Every text of every table, and what the parameters say of the photos, is somebody's script."""
    metrics, made = folders
    reports = Path(shutil.copytree(made, tmp_path_factory.mktemp("planted") / "reports"))
    for file in reports.rglob("*.csv"):
        table = pd.read_csv(file)
        for column in ("image_id", "other_image_id", "person", "other_person", "nearest"):
            if column in table:
                table[column] = [f"{SCRIPT}{number}{QUOTED}" for number in range(len(table))]
        table.to_csv(file, index=False)
    write_summary(reports, "train_recognition", synthetic=False, best={SCRIPT: 1}, last={QUOTED: 2})
    write_summary(reports, "landmarks", **LANDMARK_SETS["celeba"] | {"source": SCRIPT, "detector": QUOTED})
    told = params | {"data": params["data"] | PLANTED, "wild": params["wild"] | {"detector": SCRIPT}}
    told["recognition"] = params["recognition"] | {"pretrained": f"models/{MARKDOWN}"}
    return Inputs.read(metrics, reports), told


@pytest.fixture(scope="module")
def html(planted: tuple[Inputs, dict]) -> str:
    return render_page(*planted)


def test_the_page_shows_it_as_text(html: str) -> None:
    page = Page(html)
    assert not [attributes for tag, attributes in page.tags if tag == "script"]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not [attributes for tag, attributes in page.tags if tag == "img" and attributes.get("src") == "x"]
    assert f"{SCRIPT}0{QUOTED}" in page.text  # in a table
    for told in (PLANTED["source"], QUOTED):
        assert told in page.text
    assert "javascript:" not in json.dumps([attributes for _, attributes in page.tags if "href" in attributes])


def test_the_card_shows_it_as_text(planted: tuple[Inputs, dict]) -> None:
    card = render_card(*planted)
    tokens = PARSER.parse(card)
    assert not [token for token in tokens if token.type == "html_block"]
    inline = [part for token in tokens for part in token.children or []]
    assert not [part for part in inline if part.type in ("html_inline", "image", "link_open")]
    assert links_of(card) == []
    shown = "".join(part.content for part in inline)
    assert SCRIPT in shown
    assert QUOTED in shown
    assert "[link](javascript:alert(3))" in shown
    assert "heading" not in [line.strip("# ") for line in card.splitlines()]


def test_a_browser_runs_nothing_of_it(html: str, chromium, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(html)
    chromium.get((tmp_path / "index.html").as_uri())
    assert chromium.execute_script("return document.scripts.length") == 0
    assert chromium.get_log("browser") == []
    assert SCRIPT in chromium.execute_script("return document.body.textContent")
