"""Revisions that pages name."""

import re
import shutil
import subprocess

import pytest
from documents import PAGES, ROOT, code, name


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def _history():
    """The whole history; the test is skipped where there is none."""
    if not shutil.which("git") or git("rev-parse", "--show-toplevel").stdout.strip() != str(ROOT):
        pytest.skip("no git, or this is no checkout of the project")
    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip(
            "a shallow checkout does not have the revisions that pages name; `git fetch --unshallow` gets them"
        )


def revisions(page):
    """Code spans that are abbreviated hashes; a word like `adaface` has no digit."""
    return [word for word in code(page) if re.fullmatch(r"(?=.*\d)[0-9a-f]{7,40}", word)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.match("results/[a-z]*.md")], ids=name)
def test_every_page_of_results_names_a_command_and_a_revision(page):
    assert re.search(r"^(make|dvc|python -m) ", "\n".join(code(page)), re.MULTILINE)
    assert revisions(page)


@pytest.mark.usefixtures("_history")
@pytest.mark.parametrize("page", [page for page in PAGES if revisions(page)], ids=name)
def test_every_revision_named_is_an_ancestor_of_this_one(page):
    """What a clone of this branch has: an object that no branch reaches is not in it."""
    missing = [word for word in revisions(page) if git("merge-base", "--is-ancestor", word, "HEAD").returncode]
    assert missing == [], (
        f"{name(page)}: not in the history of HEAD; name the revision that made the figures, or none"
    )
