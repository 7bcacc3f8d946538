"""The project's pages as a Markdown parser reads them: links, anchors, tables, code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "data/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PARSER = MarkdownIt("commonmark").enable("table")


def name(page: Path) -> str:
    """The page's path from the root, for test names and messages."""
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> list[str]:
    """Targets of links and sources of pictures."""
    return links_of(page.read_text())


def links_of(text: str) -> list[str]:
    """The same of a piece of Markdown."""
    return [
        target for token in _inline(PARSER.parse(text)) if (target := token.attrGet("href") or token.attrGet("src"))
    ]


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub gives the page's headings."""
    tokens = PARSER.parse(page.read_text())
    headings = [after for before, after in pairwise(tokens) if before.type == "heading_open"]
    found: Counter[str] = Counter()
    fragments = set()
    for heading in headings:
        text = "".join(part.content for part in heading.children or [] if part.type in ("text", "code_inline"))
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        fragments.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return fragments


def code(page: Path) -> list[str]:
    """What stands in code spans and code blocks."""
    tokens = PARSER.parse(page.read_text())
    blocks = [token.content for token in tokens if token.type in ("fence", "code_block")]
    return blocks + [token.content for token in _inline(tokens) if token.type == "code_inline"]


def tables(page: Path) -> list[list[list[str]]]:
    """Every table as rows of cells in Markdown, the header first."""
    found: list[list[list[str]]] = []
    for before, token in pairwise(PARSER.parse(page.read_text())):
        if before.type == "table_open":
            found.append([])
        elif before.type == "tr_open":
            found[-1].append([])
        if before.type in ("th_open", "td_open"):
            found[-1][-1].append(token.content)
    return found


def _inline(tokens: list[Token]) -> Iterator[Token]:
    return (part for token in tokens for part in token.children or [])
