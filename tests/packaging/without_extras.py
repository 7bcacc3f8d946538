"""Runs the command `faceline` in a process that finds only what `pip install faceline` or one of its extras installs.

python without_extras.py EXTRA|none VERB ...
"""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")


def installed_with(requirements):
    """Distributions that these requirements bring, those of other platforms and of extras left out."""
    found, waiting = set(), [name_of(one) for one in requirements]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            try:
                needs = requires(name) or []
            except PackageNotFoundError:  # one for another platform
                continue
            waiting += [name_of(one) for one in needs if "extra ==" not in one]
    return found


class OnlyThese:
    """Refuses top-level modules of distributions that are not among those given."""

    def __init__(self, distributions):
        from importlib.metadata import packages_distributions

        brought = packages_distributions()
        self.refused = {
            module
            for module, owners in brought.items()
            if not {name_of(owner) for owner in owners} & {*distributions, "faceline"}
        }

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"].get(sys.argv.pop(1), [])
    sys.meta_path.insert(0, OnlyThese(installed_with(project["dependencies"] + extra)))
    from faceline.cli.main import app

    app()
