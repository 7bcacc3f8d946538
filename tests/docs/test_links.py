"""Links, anchors, and the files, modules and verbs that pages name."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from documents import PAGES, README, ROOT, anchors, code, links, name

FOLDERS = r"(?:benchmarks|docs|faceline|params|stages|tests)"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page):
    lost = []
    for link in links(page):
        target = urlsplit(link)
        if target.scheme:
            continue
        file = (page.parent / unquote(target.path)).resolve() if target.path else page
        if not file.is_relative_to(ROOT) or not file.exists():
            lost.append(f"{link}: no such file")
        elif target.fragment and (file.suffix != ".md" or target.fragment not in anchors(file)):
            lost.append(f"{link}: no such heading")
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_and_modules_that_a_page_names_exist(page):
    text = "\n".join(code(page))
    files = re.findall(rf"(?<![\w./-])({FOLDERS}/[\w./-]*\.\w+)", text)
    files += [module.replace(".", "/") + ".py" for module in re.findall(rf"python -m ({FOLDERS}\.[\w.]+)", text)]
    # NAME stands for any
    assert [file for file in files if "NAME" not in file and not (ROOT / file).exists()] == []


def test_pages_are_found_and_read():
    """The README links to the pages on results, and its headings have the anchors that GitHub gives them."""
    assert "docs/results/sample.md" in links(README)
    assert {"what-it-does", "results"} <= anchors(README)
    assert len(PAGES) > 10
