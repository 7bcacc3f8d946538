"""Every stage, killed at moments spread over its run and run again: its outputs are those of a run that nobody
disturbed, byte for byte, and nothing else is left."""

from __future__ import annotations

import hashlib
import importlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np

from chain import ROOT, TINY, clone, environment
from faults.forked import Forked, in_forks, prepare, run_stage
from faults.killing import PATIENCE, SIGNALS, Ended, strike
from graph import GRAPH, STAGES

TRAININGS = ("train_landmarks", "train_recognition")
WORKERS = ("sample",)  # stages that start processes
KILLS, KILLS_OF_TRAININGS = 3, 10
MODULES = ".said.modules"
CHECKPOINTS = Path(".faceline/checkpoints")
CURVES = "curves.csv"  # a training writes it into its report's folder while it runs


def _roles(*numbers: int | tuple[int, int]) -> dict:
    """People and photos of each role, or the least and the most of their photos."""
    names = ("train", "dev", "query", "distractor")
    return {
        name: {"people": people}
        | ({"photos": photos} if isinstance(photos, int) else {"min_photos": photos[0], "max_photos": photos[1]})
        for name, people, photos in zip(names, numbers[::2], numbers[1::2], strict=True)
    }


CHANGES = TINY | {
    "sample": {"roles": _roles(4, 5, 3, 3, 3, 3, 2, 2), "max_photo_px": 300},
    "filter": {"roles": _roles(4, (3, 5), 3, (2, 3), 3, (2, 3), 2, (1, 2))},
    "landmarks": TINY["landmarks"] | {"stacks": 1, "batch_size": 4, "epochs": 12},
    "align": {"max_template_error": 10.0, "min_eye_distance_px": 1.0},
    "recognition": {"epochs": 6, "batch_size": 8, "embedding_dim": 32, "input_px": 64},
    "runtime": {"threads": 1, "device": "cpu"},
}
SEED = 16
TRIES = 15


def _order() -> list[str]:
    """Stages, each after those that make what it depends on: dvc.yaml has a stage's items in one place."""
    makes = {out: name for name, stage in STAGES.items() for out in stage["outs"]}
    before = {name: {makes[dep] for dep in stage["deps"] if dep in makes} for name, stage in STAGES.items()}
    return [*TopologicalSorter(before).static_order()]


ORDER = _order()


@dataclass
class Counts:
    """What kills of one stage came to.

    Attributes:
        survived: kills after which the stage ran again to equal outputs and left nothing else.
        resumed: runs after a kill that took up a checkpoint.
        workers: kills of a process that the stage had started, among all.
        equal, compared: outputs.
    reported, lost: photos that were enrolled before the kill, and those of them that were not there after it.
        faults: what went wrong, a line each.
    """

    kills: int = 0
    survived: int = 0
    resumed: int = 0
    workers: int = 0
    equal: int = 0
    compared: int = 0
    reported: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)


class Chain:
    """A copy of the project with a tiny sample, in which every stage has run once, undisturbed.

    Attributes:
        seconds: of each stage's run, by its name.
        to_checkpoint: of a training, until its first checkpoint was there.
        outs: SHA-256 of every file of every output, by stage and path.
    """

    def __init__(self, folder: Path, scripts: Sequence[str]) -> None:
        """Makes it in `folder`, up to the last of some stages, or takes up the one that is there."""
        self.folder = folder
        self._kept = folder / ".undisturbed.json"
        if not (folder / "dvc.yaml").exists():
            clone(folder, CHANGES)
        if not self._kept.exists():
            self._kept.write_text(json.dumps([{}, {}, {}, {}]))
        self.seconds, self.to_checkpoint, self.outs, self._modules = json.loads(self._kept.read_text())
        names = [name for name, stage in STAGES.items() if stage["script"] in scripts]
        last = max(ORDER.index(name) for name in names)
        missing = [name for name in ORDER[: last + 1] if name not in self.outs]
        known = {module for name in names for module in self._modules.get(name, ())}
        prepare(folder, {STAGES[name]["script"] for name in [*names, *missing]}, sorted(known))
        for name in missing:
            self._first_run(name)

    def _first_run(self, name: str) -> None:
        start = time.monotonic()
        with (self.folder / ".said").open("w+") as said:
            process = Forked(lambda: self._learn_modules(name), self.folder, said.fileno())
            while process.poll() is None:
                if name in TRAININGS and name not in self.to_checkpoint and self.checkpoints():
                    self.to_checkpoint[name] = time.monotonic() - start
                time.sleep(0.005)
            said.seek(0)
            assert process.returncode == 0, f"{name}: exit code {process.returncode}\n{said.read()}"
        (self.folder / ".said").unlink()
        self.seconds[name] = time.monotonic() - start
        self.outs[name] = self.digests(name)
        self._modules[name] = (self.folder / MODULES).read_text().split()
        for module in self._modules[name]:
            with suppress(ImportError):
                importlib.import_module(module)
        self._kept.write_text(json.dumps([self.seconds, self.to_checkpoint, self.outs, self._modules]))

    def _learn_modules(self, name: str) -> None:
        """Runs a stage, and keeps the names of what it imported on its way: later forks have that already."""
        before = {*sys.modules}
        run_stage(name)
        loaded = sorted(module for module in {*sys.modules} - before if not module.startswith(("stages", "__")))
        (self.folder / MODULES).write_text("\n".join(loaded))

    def start(self, name: str, said: int) -> Forked:
        return Forked(lambda: run_stage(name), self.folder, said)

    def run(self, name: str) -> tuple[int, str]:
        """Runs a stage to its end; exit code and what it said."""
        with (self.folder / ".said").open("w+") as said:
            code = self.start(name, said.fileno()).wait(PATIENCE)
            said.seek(0)
            text = said.read()
        (self.folder / ".said").unlink()
        return code, text

    def checkpoints(self) -> list[Path]:
        return list((self.folder / CHECKPOINTS).glob("*.pt"))

    def digests(self, name: str) -> dict[str, dict[str, str]]:
        """SHA-256 of the files of each of a stage's outputs that is there, by the paths of output and file."""
        found = {}
        for out in STAGES[name]["outs"]:
            path = self.folder / out
            files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
            if path.exists():
                found[out] = {str(file.relative_to(path)): _digest(file) for file in files}
        return found

    def live_curves(self, name: str) -> str:
        """The curves in a training's report, which are written after every epoch; "" where there are none."""
        files = [self.folder / out / CURVES for out in STAGES[name]["outs"] if name in TRAININGS]
        return "".join(file.read_text() for file in files if file.exists())

    def files(self) -> set[str]:
        """Files and empty folders, but git's and the code."""
        found = {path for path in self.folder.rglob("*") if path.is_file() or not any(path.iterdir())}
        relative = {str(path.relative_to(self.folder)) for path in found}
        return {path for path in relative if not path.startswith(".git/") and "__pycache__" not in path}

    def forget(self, name: str) -> None:
        """Takes a stage's outputs away, as DVC does before it runs it."""
        for out in STAGES[name]["outs"]:
            subprocess.run(["rm", "-rf", out], cwd=self.folder, check=True)


def kill_stage(chain: Chain, name: str, place: int, kills: int) -> Counts:
    """Kills a stage that began with nothing there, at a moment in one of `kills` equal spans, and runs it again.

    Args:
        place: which of the spans; it chooses the signal too. The last kill of a stage that starts processes meets one
            of these.
    """
    counts = Counts()
    span = chain.seconds[name] - (chain.to_checkpoint[name] if name in TRAININGS else 0.0)
    share = (place + np.random.default_rng([SEED, *name.encode(), place]).random()) / kills
    worker = name in WORKERS and place == kills - 1
    number = SIGNALS[0 if worker else place % len(SIGNALS)]
    for _ in range(TRIES):
        ended = _kill_once(chain, name, number, share * span, worker, counts)
        if ended.struck:
            return counts
        span = min(0.95 * span, ended.worked)  # the machine is faster now than when it ran undisturbed
    counts.faults.append(f"{name}: {TRIES} kills came too late")
    return counts


def _kill_once(chain: Chain, name: str, number: signal.Signals, moment: float, worker: bool, counts: Counts) -> Ended:
    chain.forget(name)
    before = chain.files()
    begun = chain.checkpoints if name in TRAININGS else (lambda: True)
    ended = strike(lambda said: chain.start(name, said), chain.folder, number, moment, begun, worker)
    if not ended.struck:
        return ended
    how = f"{name}, {'worker, ' * worker}{number.name} after {ended.seconds:.2f} s"
    whole, left = chain.digests(name), chain.files() - before
    curves = chain.live_curves(name)
    faults = [ended.trouble] if ended.trouble else []
    faults += [
        f"{out}: there in part"
        for out, files in whole.items()
        if files != chain.outs[name][out] and not (curves and [*files] == [CURVES])
    ]
    outs = tuple(f"{out}/" for out in STAGES[name]["outs"])
    rest = sorted(path for path in left if not f"{path}/".startswith((*outs, f"{CHECKPOINTS.parent}/")))
    faults += [f"{path}: git would show it" for path in rest if not _ignored(path)]
    code, said = chain.run(name)
    if code:
        faults.append(f"run again, exit code {code}: {said[-500:]}")
    if not chain.live_curves(name).startswith(curves):
        faults.append("the curves that were there are no first rows of those of the whole training")
    after, wanted = chain.digests(name), chain.outs[name]
    equal = sum(after.get(out) == files for out, files in wanted.items())
    faults += [f"{out}: other bytes" for out, files in wanted.items() if after.get(out) != files]
    faults += [f"{path}: left" for path in sorted(chain.files() - before) if not f"{path}/".startswith(outs)]
    counts.kills += 1
    counts.survived += not faults
    counts.workers += worker
    counts.resumed += "resuming after epoch" in said
    counts.equal += equal
    counts.compared += len(wanted)
    counts.faults += [f"{how}: {fault}" for fault in faults]
    return ended


def kills_of(script: str) -> list[tuple[str, int, int]]:
    """A stage's kills: the stage, the place of the kill, and how many there are; items of a `foreach` share them."""
    names = [name for name, stage in STAGES.items() if stage["script"] == script]
    kills = KILLS_OF_TRAININGS if script in TRAININGS else KILLS
    return [(names[place % len(names)], place, kills) for place in range(kills)]


def main(folder: Path, wanted: Sequence[str]) -> None:
    """Prints what each kill, `script/place`, came to, as a line of JSON."""
    scripts = sorted({one.partition("/")[0] for one in wanted}, key=[*GRAPH["stages"]].index)
    chain = Chain(folder, scripts)

    def run(one: str) -> dict:
        script, _, number = one.partition("/")
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            chain.folder = Path(place) / "chain"  # each has one for itself
            subprocess.run(["cp", "-r", str(folder), str(chain.folder)], check=True)
            return asdict(kill_stage(chain, *kills_of(script)[int(number)]))

    for one, counts in in_forks(run, wanted):
        print(json.dumps([one, counts or asdict(Counts(faults=[f"{one}: its process has ended"]))]), flush=True)


def _ignored(path: str) -> bool:
    done = subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=ROOT, env=environment(), check=False)
    return done.returncode == 0


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
