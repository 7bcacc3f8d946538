"""The page holds all it shows, says what the files say, and says what it lacks."""

import json
import re
import shutil
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from made_up_reports import LANDMARK_SETS, METRICS, TOO_FEW, write_summary

from faceline.reporting.inputs import Inputs
from faceline.reporting.page import SECTIONS, render_page

VOID = {"meta", "link", "img", "br"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "xlink:href", "background"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """Elements in order, each with the text directly and indirectly inside it."""

    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attributes})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, text: str) -> None:
        for element in self._open:
            element.text += text

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [one for one in self.elements if one.tag == tag and attributes.items() <= one.attributes.items()]


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page._open == []
    return page


@pytest.fixture(scope="module")
def html(inputs: Inputs, params: dict[str, dict]) -> str:
    return render_page(inputs, params)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return parsed(html)


def test_nothing_is_loaded_from_anywhere(html: str, page: Page) -> None:
    for element in page.elements:
        for name in LOADING & set(element.attributes):
            if element.tag == "data":
                continue
            assert element.attributes[name].startswith(("#", "data:")), element
    assert not page.all("script")
    style = "".join(one.text for one in page.all("style"))
    assert style
    assert "@import" not in style
    assert "url(" not in style
    assert "://" not in html
    assert len(html) < 6e6


def test_every_figure_is_the_one_in_its_file(page: Page) -> None:
    shown = [one for one in page.elements if "data-key" in one.attributes]
    for element in shown:
        file, _, key = element.attributes["data-key"].partition(".")
        assert json.loads(element.attributes["value"]) == METRICS[file][key]
    keys = {element.attributes["data-key"] for element in shown}
    assert keys == {f"{file}.{key}" for file, values in METRICS.items() for key in values}


def test_figures_are_written_as_people_read_them(page: Page) -> None:
    def texts(key: str) -> set[str]:
        return {one.text for one in page.elements if one.attributes.get("data-key") == key}

    assert texts("recognition.tpr_at_fpr_1e-2") == {"87.1%"}
    assert texts("recognition.negative_pairs") == {"77,681"}
    assert texts("landmarks.nme_eye_center") == {"3.12%"}


def test_what_the_data_cannot_support_is_a_dash_with_its_reason(page: Page) -> None:
    nulls = [one for one in page.elements if one.attributes.get("value") == "null"]
    assert {one.text for one in nulls} == {"—"}
    card = next(one for one in page.all("div", **{"class": "card"}) if "strangers rejected" in one.text)
    assert TOO_FEW in card.text


def test_a_group_without_false_matches_shows_count_rate_and_upper_end(page: Page) -> None:
    row = next(one.text for one in page.all("tr") if one.text.startswith("Eyeglasses: yes"))
    assert "0 of 3,120" in row
    assert "0.0% to 1.2%" in row
    assert f"false match rate: {TOO_FEW}" in row
    ratio = next(one.text for one in page.all("tr") if one.text.startswith("Eyeglasses—"))
    assert "at least 0.35×" in ratio


def test_nothing_is_missing_when_everything_is_there(page: Page) -> None:
    assert [one.text for one in page.elements if one.attributes.get("class") == "missing"] == []
    assert [one.attributes for one in page.elements if "data-missing" in one.attributes] == []


def test_contents_lead_to_every_section(page: Page) -> None:
    identities = {one.attributes["id"] for one in page.elements if "id" in one.attributes}
    targets = [one.attributes["href"] for one in page.all("a")]
    assert all(target.removeprefix("#") in identities for target in targets)
    assert {f"#{name}" for name in SECTIONS} <= set(targets)
    headings = [one.text for one in page.all("h2")]
    assert headings == list(SECTIONS.values())
    assert len(page.all("h1")) == 1


def test_pictures_and_charts_can_be_read_aloud(page: Page) -> None:
    pictures, charts = page.all("img"), page.all("svg")
    assert len(pictures) == 12
    assert all(len(one.attributes["alt"]) > 10 for one in pictures)
    assert len(charts) == 17
    assert all(len(one.attributes["aria-label"]) > 10 for one in charts)


def test_behind_every_chart_is_its_table(page: Page, folders: tuple[Path, Path]) -> None:
    figures = [one for one in page.all("figure") if one.attributes["class"].startswith("chart")]
    assert len(figures) == 17
    assert all("Table behind this chart" in one.text for one in figures)
    roc = next(one for one in page.all("table") if one.attributes.get("data-table") == "reports/recognition/roc.csv")
    table = pd.read_csv(folders[1] / "recognition/roc.csv")
    assert all(f"{value:.6g}" in roc.text for value in table.tpr)


def test_synthetic_faces_are_announced_and_photos_are_not(
    page: Page, folders: tuple[Path, Path], params: dict[str, dict], tmp_path: Path
) -> None:
    assert "say nothing about photos" in page.all("p", **{"class": "banner"})[0].text
    reports = Path(shutil.copytree(folders[1], tmp_path / "reports"))
    write_summary(reports, "train_recognition", synthetic=False)
    write_summary(reports, "landmarks", **LANDMARK_SETS["celeba"])
    other = parsed(render_page(Inputs.read(folders[0], reports), params))
    assert other.all("p", **{"class": "banner"}) == []
    assert "agreement" in next(one for one in other.all("section", id="landmarks")).text


def test_no_clock_host_or_path_and_equal_bytes(html: str, inputs: Inputs, params: dict[str, dict]) -> None:
    assert render_page(inputs, params) == html
    text = re.sub(r"data:[^\"']*", "", html)
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b", text)
    assert str(Path.cwd()) not in text


def test_parameters_and_versions_are_shown(page: Page, params: dict[str, dict]) -> None:
    text = page.all("section", id="run")[0].text
    assert "arcface.margin_rad" in text
    assert f"{params['losses']['arcface']['margin_rad']}" in text
    assert re.search(r"torch \d+\.\d+", text)


def test_without_any_report_the_figures_still_stand(
    folders: tuple[Path, Path], params: dict[str, dict], tmp_path: Path
) -> None:
    page = parsed(render_page(Inputs.read(folders[0], tmp_path / "nothing"), params))
    missing = [one.text for one in page.elements if one.attributes.get("class") == "missing"]
    for name in ("recognition/roc.csv", "landmarks/worst_faces.png", "alignment/journey", "wild/compare.csv"):
        assert any(f"reports/{name}" in text for text in missing), name
    assert any(one.attributes.get("data-key") == "recognition.tpr_at_fpr_1e-2" for one in page.all("data"))


def test_a_key_that_a_file_lacks_is_said_to_be_missing(
    folders: tuple[Path, Path], params: dict[str, dict], tmp_path: Path
) -> None:
    metrics = Path(shutil.copytree(folders[0], tmp_path / "metrics"))
    values = {key: value for key, value in METRICS["recognition"].items() if key != "rank1"}
    (metrics / "recognition.json").write_text(json.dumps(values))
    page = parsed(render_page(Inputs.read(metrics, folders[1]), params))
    (lacking,) = [one for one in page.elements if "data-missing" in one.attributes]
    assert lacking.attributes["data-missing"] == "recognition.rank1"
    assert lacking.text == "—"
    assert any("recognition.json has no rank1" in one.text for one in page.all("div", **{"class": "card"}))
