"""How time and peak memory of every stage grow with the number of photos, drawn by the sample generator.

    python -m benchmarks.growth --photos 1500 6000 27000 --stages all
    python -m benchmarks.growth --photos 27000  one size again; other sizes, and its other stages, stay in the record
    python -m benchmarks.growth --page          docs/scaling.md's table and chart, from the record alone

Photos are as large as CelebA's. Each stage runs in a process of its own, as dvc.yaml has it, in
.faceline/growth/PHOTOS; trainings are cut to an epoch. Time is processor time of all threads, user and system, less
that of the same stage asked for its help, which is the start alone: other work on the machine changes it little. Wall
time stands in the record, docs/results/growth.json. The exponent is the slope of log time over log photos; memory is
the most that the process held at any moment.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from benchmarks.stage_commands import Stage, read_stages
from faceline.imaging.parallel import usable_cores

ROOT = Path(__file__).parents[1]
FOLDER, HELD = ROOT / ".faceline/growth", ROOT / "docs/results/growth.json"
CHEAP = ("sample", "scan", "analyze", "filter", "crop")
PHOTO_PX = (400, 620)  # CelebA's photos in the wild, those that people see most of
# people of each role and photos of each person, for `UNIT` photos; as many again for more
UNIT = 300
PEOPLE = {"train": 7, "dev": 4, "query": 5, "distractor": 8}
PHOTOS = {"train": 25, "dev": 8, "query": 8, "distractor": 3}
LEAST = {"train": 18, "dev": 5, "query": 5, "distractor": 2}


def parameters(photos: int) -> dict:
    """The sample's parameters for some number of photos; the filter asks for nine people of ten who are drawn."""
    tree = yaml.safe_load((ROOT / "params/base.yaml").read_text())
    share = photos / UNIT
    drawn = {role: max(3, round(people * share)) for role, people in PEOPLE.items()}
    tree["sample"] |= {"min_photo_px": PHOTO_PX[0], "max_photo_px": PHOTO_PX[1]}
    tree["sample"]["roles"] = {role: {"people": drawn[role], "photos": PHOTOS[role]} for role in PEOPLE}
    tree["filter"]["roles"] = {
        role: {"people": max(2, drawn[role] * 9 // 10), "min_photos": LEAST[role], "max_photos": PHOTOS[role]}
        for role in PEOPLE
    }
    tree["landmarks"]["epochs"] = tree["recognition"]["epochs"] = 1
    return tree


def measured(command: Sequence[str], folder: Path) -> dict[str, float]:
    """Runs a command; seconds of processor and wall time, and peak memory in MB, of it and the processes it starts.

    A child's peak begins with what this process holds, so large libraries are imported only when all is measured.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    started = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    taken = time.perf_counter() - started
    return {"cpu_s": used.ru_utime + used.ru_stime, "wall_s": taken, "peak_mb": used.ru_maxrss / unit}


def run(photos: int, stages: Sequence[str]) -> Iterator[tuple[str, dict[str, float]]]:
    """Yields each stage at one size and what it took; `start_s` is the processor time of its start alone."""
    folder = FOLDER / str(photos)
    folder.mkdir(parents=True, exist_ok=True)
    tree = parameters(photos)
    (folder / "params.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
    shutil.copytree(ROOT / "params", folder / "params", dirs_exist_ok=True)  # its lists of photos left out
    known = read_stages(tree)
    for name in stages or known:
        stage: Stage = known[name]
        start = measured([*stage.command[:3], "--help"], folder)
        used = measured(stage.command, folder) | {"start_s": start["cpu_s"]}
        print(f"{photos:>7} photos  {name:22} {used['cpu_s']:8.1f} s  {used['peak_mb']:7.0f} MB", flush=True)
        yield name, used


def _rounded(used: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 2) for key, value in used.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, nargs="+", default=[300, 600, 1200])
    parser.add_argument("--stages", nargs="+", default=list(CHEAP), help="names of dvc.yaml, or `all`")
    parser.add_argument("--page", action="store_true", help="the page alone, from the record")
    options = parser.parse_args()
    sizes = json.loads(HELD.read_text()) if HELD.exists() else {}
    for photos in () if options.page else sorted(options.photos):
        stages = [] if options.stages == ["all"] else options.stages
        git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        facts = {"revision": git.stdout.strip(), "cores": usable_cores()}
        for name, used in run(photos, stages):
            sizes.setdefault(str(photos), {})[name] = _rounded(used) | facts
            sizes = dict(sorted(sizes.items(), key=lambda one: int(one[0])))
            HELD.write_text(json.dumps(sizes, indent=1) + "\n")
    from benchmarks.growth_page import EXTRAPOLATED, write_page  # late: see `measured`

    write_page(sizes, EXTRAPOLATED)


if __name__ == "__main__":
    main()
