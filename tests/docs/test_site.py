"""The site builds without a warning, and has what the repository's pages and docstrings say."""

import re
import subprocess
import sys

import pytest
from documents import ROOT

pytest.importorskip("mkdocs")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_is_made_from_docstrings(site):
    text = (site / "reference/index.html").read_text()
    assert 'id="faceline.api.load"' in text
    assert "Loads a detector and the models of a folder." in text


def test_pages_from_elsewhere_are_there_and_linked(site):
    assert "Where the data goes" in (site / "data/index.html").read_text()
    assert 'href="../data/#your-own-people"' in (site / "first-steps/index.html").read_text()
    assert 'href="../extending/"' in (site / "contributing/index.html").read_text()


def test_nothing_is_fetched_from_elsewhere(site):
    for page in site.rglob("*.html"):
        tags = re.findall(r"<(?:script|img|iframe)[^>]*>|<link[^>]*stylesheet[^>]*>", page.read_text())
        assert not [tag for tag in tags if re.search(r'(?:src|href)="(?:https?:)?//', tag)], page
