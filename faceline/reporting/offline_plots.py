"""Lets `dvc plots show` and `dvc plots diff` write pages that need no network.

    python -m faceline.reporting.offline_plots

DVC's own page loads its charting library from the web. This writes a page template that holds the library, and names
it in DVC's local configuration; `make` does it once, at installation.
"""

from __future__ import annotations

from pathlib import Path

import vl_convert
from dvc.repo import Repo

from faceline.core.files import write_text

VEGA_LITE = "5.20"  # DVC's charts are written for version 5
TEMPLATE = "offline_plots.html"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>faceline: curves</title>
{refresh_tag}
<script>BUNDLE</script>
<style>body { font-family: system-ui, sans-serif; margin: 1.5rem; } table { border-spacing: 15px; }</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def page_template() -> str:
    """The page that DVC puts its charts into, with all it takes to draw them."""
    return _PAGE.replace("BUNDLE", vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", VEGA_LITE))


def main() -> None:
    """Writes the template into `.dvc` of the present repository and sets `plots.html_template` to it."""
    with Repo() as repo:
        write_text(Path(repo.dvc_dir) / TEMPLATE, page_template())
        with repo.config.edit("local") as config:
            config.setdefault("plots", {})["html_template"] = TEMPLATE


if __name__ == "__main__":
    main()
