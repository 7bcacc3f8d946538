"""dvc.yaml as data, with the sample's parameters put in and every `foreach` spread out; and who imports what."""

import ast
import re
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PARAMS = yaml.safe_load((ROOT / "params/base.yaml").read_text())
GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())


def resolved(text, item=""):
    def value(match):
        tree = {"item": item} | PARAMS
        for key in match[1].split("."):
            tree = tree[key]
        return str(tree)

    return re.sub(r"\$\{([\w.]+)\}", value, text)


def names(entries, item):
    return [resolved(entry if isinstance(entry, str) else next(iter(entry)), item) for entry in entries]


def stages():
    """name -> script, cmd, deps, params, outs."""
    found = {}
    for script, stage in GRAPH["stages"].items():
        for item in stage.get("foreach", [""]):
            body = stage.get("do", stage)
            parts = {part: names(body.get(part, []), item) for part in ("deps", "params", "outs")}
            name = f"{script}@{item}" if item else script
            found[name] = {"script": script, "cmd": resolved(body["cmd"], item), **parts}
    return found


STAGES = stages()


def is_code(path):
    return path.startswith(("faceline", "stages"))


@cache
def modules_of(path):
    """Files of the project that a file names in its imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        for module in modules:
            base = ROOT / module.replace(".", "/")
            if module.startswith(("faceline", "stages")):
                found |= {file for file in (base.with_suffix(".py"), base / "__init__.py") if file.exists()}
    return found


def imported(path, seen=None):
    """Every file of the project that `path` imports, at any depth."""
    seen = set() if seen is None else seen
    if path not in seen:
        seen.add(path)
        for file in modules_of(path):
            imported(file, seen)
    return seen


def by_name(script, used):
    """Files that a stage imports by the name that a parameter gives; the check of parameters imports every loss."""
    library = ROOT / "faceline"
    if script == "check_params":
        return set((library / "recognition/losses").glob("*/*.py"))
    chosen = {
        "recognition/heads/registry.py": f"recognition/losses/{PARAMS['recognition']['loss']}/*.py",
        "recognition/net/backbone.py": f"recognition/backbones/{PARAMS['recognition']['backbone']}.py",
        "detection/registry.py": f"detectors/{PARAMS['wild']['detector']}.py",
    }
    return {file for registry, files in chosen.items() if library / registry in used for file in library.glob(files)}


def code_of(stage):
    """Files that a stage imports, and those that it depends on (packages' docstrings left out)."""
    used = imported(ROOT / f"stages/{stage['script']}.py")
    for file in by_name(stage["script"], used):
        used = imported(file, set(used))
    if stage["script"] == "check_params":  # it knows backbones and detectors by the names of their files
        used = used.union(
            *((ROOT / "faceline" / kind).glob("*.py") for kind in ("recognition/backbones", "detectors"))
        )
    deps = [ROOT / dep for dep in stage["deps"] if is_code(dep)]
    files = {file for dep in deps for file in (dep.rglob("*.py") if dep.is_dir() else [dep])}
    return ({file for file in group if file.name != "__init__.py"} for group in (used, files))
