"""The project's pages as a Markdown parser reads them: links, anchors, tables, code."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

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
SHELLS = ("", "bash", "sh", "shell", "console")
# what a command in the text begins with
PROGRAMS = "7z docker dvc export faceline git gto ln make mkdocs pip py pytest python ruff source taskset torchrun uv"
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


class Command(NamedTuple):
    """A command as a page shows it.

    Attributes:
        words: its words, without comments and redirections.
        whole: it stands in a block and is to be typed as it is; in the text, arguments may be left out.
    """

    words: tuple[str, ...]
    whole: bool


def commands(page: Path) -> list[Command]:
    """Every command of a page: lines of a shell's blocks, and code spans of two words or more that begin like one.

    A block is a shell's unless it names another language, be it `text`.
    """
    tokens = PARSER.parse(page.read_text())
    blocks = [token.content for token in tokens if token.type == "code_block" or _is_shell(token)]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = [part.content for part in _inline(tokens) if part.type == "code_inline"]
    spans = [span for span in spans if re.match(rf"(?:{PROGRAMS.replace(' ', '|')}) |\.venv", span)]
    shown = [(line, True) for line in lines] + [(span, False) for span in spans]
    return [Command(tuple(words), whole) for line, whole in shown for words in _parts(line)]


def _is_shell(token: Token) -> bool:
    return token.type == "fence" and token.info.strip() in SHELLS


def _parts(line: str) -> Iterator[list[str]]:
    """The commands of a line of the shell's."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split, lexer.escape = True, ""
    words: list[str] = []
    for word in [*lexer, "&&"]:
        if not set(word) <= set("&|;"):
            words.append(word)
            continue
        if words:
            yield words[: words.index(">")] if ">" in words else words
        words = []


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
