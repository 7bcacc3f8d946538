"""Lets `dvc plots show` and `dvc plots diff` write pages that need no network.

    python -m faceline.plots.offline_plots

DVC's own page loads its charting library from the web. This writes a page template that holds the library and the
look of the report's charts, and names it in DVC's local configuration; `make` does it once, at installation. The
charts are the report's: dvc.yaml names their specifications in `faceline/reporting/specs` as templates.
"""

import json
from pathlib import Path

import vl_convert
from dvc.repo import Repo

from faceline.core.files import write_text
from faceline.reporting.theme import CONFIG, VEGA_LITE

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
    embed = f"window.vegaEmbed = (place, spec) => vegaEmbed(place, spec, {{config: {json.dumps(CONFIG)}}});"
    return _PAGE.replace("BUNDLE", vl_convert.javascript_bundle(embed, VEGA_LITE))


def main() -> None:
    """Writes the template into `.dvc` of the present repository and sets `plots.html_template` to it."""
    with Repo() as repo:
        write_text(Path(repo.dvc_dir) / TEMPLATE, page_template())
        with repo.config.edit("local") as config:
            config.setdefault("plots", {})["html_template"] = TEMPLATE


if __name__ == "__main__":
    main()
