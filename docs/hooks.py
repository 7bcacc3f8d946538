"""Puts pages that lie elsewhere in the repository, where a visitor of it looks for them, on the site too."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = {"data.md": "data/README.md", "contributing.md": "CONTRIBUTING.md", "changes.md": "CHANGELOG.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds them, with links as they must be from the site's root."""
    for name, source in PAGES.items():
        text = (Path(config.config_file_path).parent / source).read_text()
        files.append(File.generated(config, name, content=re.sub(r"\]\((?:\.\./)?docs/", "](", text)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links to them, which lead out of docs/ in the repository, lead to the site's pages."""
    for name, source in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}")
    return markdown
