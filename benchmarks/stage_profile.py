"""Where the time of one stage goes: `make profile STAGE=crop`, after `dvc repro` has made what the stage reads.

    python -m benchmarks.stage_profile crop
    python -m benchmarks.stage_profile --imports check_params crop     the time of imports alone, stage by stage

The stage runs as dvc.yaml has it, but writes into a folder that is thrown away. Printed are the functions that take
most time in themselves and with what they call; .faceline/profiles/STAGE.prof keeps all for `python -m pstats`. Where
py-spy is installed it draws a flame graph there as well, native code included.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.stage_commands import read_stage
from faceline.core.params import read_params

FOLDER = Path(".faceline/profiles")
ROWS = 15


def profile(name: str) -> pstats.Stats:
    """Runs a stage in this process under cProfile, and keeps what it found."""
    stage = read_stage(name, read_params())
    profiler, arguments = cProfile.Profile(), sys.argv
    with tempfile.TemporaryDirectory() as folder:
        command = stage.diverted(Path(folder))
        sys.argv = command[command.index("-m") + 1 :]
        profiler.enable()
        try:
            runpy.run_module(stage.module, run_name="__main__", alter_sys=True)
        finally:
            profiler.disable()
            sys.argv = arguments
    FOLDER.mkdir(parents=True, exist_ok=True)
    profiler.dump_stats(FOLDER / f"{name}.prof")
    return pstats.Stats(profiler)


def flame_graph(name: str) -> None:
    """A second run under py-spy, which sees threads and native code."""
    stage = read_stage(name, read_params())
    with tempfile.TemporaryDirectory() as folder:
        target = FOLDER / f"{name}.svg"
        spy = ["py-spy", "record", "--native", "-o", str(target), "--", *stage.diverted(Path(folder))]
        subprocess.run(spy, check=False)


def import_times(module: str) -> dict[str, float]:
    """Seconds of processor time to import a module in a new process, in all and of its largest packages.

    A package counts with what it alone brings: the modules' own times, summed by the first part of their names.
    """
    code = f"import time, {module}, sys; print(time.process_time(), 'torch' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    lines = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"], check=True, capture_output=True, text=True
    ).stderr.splitlines()
    own: dict[str, float] = {}
    for line in lines:
        if found := re.match(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)", line):
            package = found[2].partition(".")[0]
            own[package] = own.get(package, 0) + int(found[1]) / 1e6
    largest = dict(sorted(own.items(), key=lambda one: -one[1])[:5])
    return {"all": float(asked[0]), **largest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="+", metavar="STAGE")
    parser.add_argument("--imports", action="store_true", help="only what importing each takes")
    options = parser.parse_args()
    for name in options.stages:
        if options.imports:
            times = import_times(f"stages.{name.partition('@')[0]}")
            parts = ", ".join(f"{package} {seconds:.2f}" for package, seconds in times.items() if package != "all")
            print(f"{name:22} {times['all']:5.2f} s of processor time; wall time by package: {parts}", flush=True)
            continue
        started = time.perf_counter()
        found = profile(name)
        print(f"== {name}: {time.perf_counter() - started:.1f} s under the profiler")
        for order in ("tottime", "cumulative"):
            found.sort_stats(order).print_stats(ROWS)
        if shutil.which("py-spy"):
            flame_graph(name)


if __name__ == "__main__":
    main()
