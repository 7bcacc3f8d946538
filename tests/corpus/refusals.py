"""What the system refuses: full disks, read-only file systems, outputs that nobody reads. Each verb and stage that
writes is run in a child process under such a refusal: it must end with exit code 1 and one line, and leave nothing.

`python -m corpus.refusals OUT PREPARED` runs all of them with `OUT` on a small file system, and with `--read-only` on
one where nothing can be written.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from made_people import GALLERY_DIM, GALLERY_MODEL, photo_rows, unit
from tool_fakes import face_at, paint_face, write_onnx_models

from corpus.annotation_cases import made_table, selection
from corpus.photo_cases import CROP
from corpus.table_cases import packed
from faceline.cli.main import app
from faceline.core.files import remove, replacing, replacing_folder
from faceline.core.stage import run_stage
from faceline.data.crops.cropping import crop_faces
from faceline.data.scan.scan import scan_photos
from faceline.data.selection.selected import read_selected
from faceline.galleries.files import export_people
from faceline.galleries.gallery import Gallery
from faceline.imaging.images import encode_jpeg
from faceline.packed.sets import PackedWriter
from faceline.photos.photos import open_photos

EMPTY_FOLDERS = ("drawn", "faces")  # an output folder may be made before anything is written into it
BYTES = (0, 100, 4096, 20_000)  # that a file may have, where the disk is called full


@dataclass(frozen=True)
class Work:
    """A verb or a stage that writes.

    Attributes:
        run: does it in a folder that `prepare` made; `out` is where the result goes.
        prints: its answer goes to stdout.
    """

    name: str
    run: Callable[[Path, Path], None]
    prints: bool = True


def prepare(folder: Path) -> None:
    """Photos with faces, their boxes, models, a gallery and its export, a selection and a packed set."""
    write_onnx_models(folder / "models")
    (folder / "photos/Ada").mkdir(parents=True)
    rows = ["image,x,y,width,height"]
    for name in ("a.jpg", "b.jpg"):
        image = np.full((260, 260, 3), 128, np.uint8)
        box = np.round(face_at(1.3, (40, 50))[1])
        paint_face(image, box, 1)
        (folder / "photos/Ada" / name).write_bytes(encode_jpeg(image, 95))
        rows.append(",".join([str(folder / "photos/Ada" / name), *map(str, box)]))
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    with Gallery.open_or_create(folder / "people.db", GALLERY_MODEL, GALLERY_DIM) as opened:
        opened.add(photo_rows({"Ada": unit(60), "Bob": unit(60, seed=1)}))
        export_people(opened, folder / "people.npz")
    selected = pd.read_csv(selection().write(folder))
    selected[["x", "y", "width", "height"]] = (20, 20, 200, 200)
    selected.to_csv(folder / "selected.csv", index=False)
    (folder / "packed").mkdir()
    packed().write(folder / "packed")


def works() -> Iterator[Work]:
    def shared(folder: Path) -> list[str]:
        known = ["--detector", "boxes", "--boxes", f"{folder}/boxes.csv"]
        return ["--runtime", "onnx", "--models", f"{folder}/models", *known]

    def verb(name: str, *arguments: str, models: bool = False) -> Work:
        def run(folder: Path, out: Path) -> None:
            words = [one.format(folder=folder, out=out) for one in arguments]
            app([name, *words, *(shared(folder) if models else [])], standalone_mode=True)

        return Work(" ".join([name, *arguments]), run)

    photos = "{folder}/photos"
    yield verb("detect", photos, "--draw", "{out}/drawn", models=True)
    yield verb("align", photos, "--out", "{out}/faces", models=True)
    yield verb("embed", photos, "--out", "{out}/faces.npz", models=True)
    yield verb("enroll", "Cid", "{folder}/photos/Ada/a.jpg", "--gallery", "{out}/new.db", models=True)
    yield verb("export", "{out}/out.npz", "--gallery", "{folder}/people.db")
    yield verb("import", "{folder}/people.npz", "--gallery", "{out}/new.db")
    yield verb("export-images", "{folder}/packed", "{out}/files")
    yield Work("stage scan", _scan, prints=False)
    yield Work("stage crop", _crop, prints=False)


def _scan(folder: Path, out: Path) -> None:

    def scan(images: Path, out: Path) -> None:
        with open_photos(images) as photos, replacing(out) as path:
            scan_photos(photos, made_table()).to_parquet(path, index=False)

    run_stage(scan, ["--images", f"{folder}/photos", "--out", f"{out}/photos.parquet"])


def _crop(folder: Path, out: Path) -> None:

    def crop(images: Path, selected: Path, out: Path) -> None:
        rows = read_selected(selected)
        with open_photos(images) as photos, replacing_folder(out) as place, PackedWriter(place) as writer:
            for chunk, encoded in crop_faces(photos, rows, CROP):
                writer.write(chunk, encoded)

    run_stage(crop, ["--images", f"{folder}/photos", "--selected", f"{folder}/selected.csv", "--out", f"{out}/crops"])


def attempt(work: Work, folder: Path, out: Path, refuse: Callable[[], None]) -> tuple[int, str, list[str]]:
    """Runs work in a child process that refuses something; exit code, stderr, and what was left in `out`."""
    before = {*out.rglob("*")}
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 70
        try:
            os.close(reading)
            os.dup2(writing, 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.stderr, sys.stdout = os.fdopen(2, "w", 1), os.fdopen(1, "w")
            refuse()
            work.run(folder, out)
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
        except BaseException:
            traceback.print_exc()
        try:
            sys.stdout.flush()  # as the interpreter does when it ends
        except OSError as error:
            print(f"Exception ignored: {error}", file=sys.stderr)
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    _, status = os.waitpid(child, 0)
    return (
        os.waitstatus_to_exitcode(status),
        text,
        sorted(str(one.relative_to(out)) for one in {*out.rglob("*")} - before),
    )


def fault(code: int, text: str, left: list[str]) -> str:
    """What is wrong with how a refused work ended; empty where nothing is."""
    lines = [line for line in text.splitlines() if line.strip()]
    if code != 1 or len(lines) != 1 or "Traceback" in text:
        return f"exit code {code}, {len(lines)} lines: {text[-600:]}"
    rest = [one for one in left if one not in EMPTY_FOLDERS]
    return f"left {rest}" if rest else ""


def full_disk(most: int) -> Callable[[], None]:
    """No file may have more than so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def full_output() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def closed_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    os.close(writing)


@dataclass(frozen=True)
class Way:
    """How the system refuses.

    Attributes:
        refuses: what makes a child process be refused, by name; empty where a file system of its own does.
        mounts: options of such file systems.
        outputs: it is the answer on stdout that is refused.
    """

    refuses: Mapping[str, Callable[[], None]]
    mounts: Sequence[str] = ()
    outputs: bool = False


def ways() -> dict[str, Way]:
    """All of them, by what they are called."""
    return {
        "full disk": Way(
            {f"files of {most} bytes": full_disk(most) for most in BYTES}, mounts=("size=16k", "size=100k")
        ),
        "read-only file system": Way({}, mounts=("ro",)),
        "full or closed output": Way({"full output": full_output, "closed pipe": closed_pipe}, outputs=True),
    }


def refusals_of(way: Way) -> tuple[int, list[str]]:
    """Every work that is refused in a way, in mounts of our own too where the system lets us make them.

    Returns:
        How many were tried, and what was wrong.
    """
    tried, faults = 0, []
    with tempfile.TemporaryDirectory() as prepared:
        prepare(Path(prepared))
        for work in works():
            for how, refuse in way.refuses.items() if work.prints or not way.outputs else ():
                with tempfile.TemporaryDirectory() as out:
                    code, text, left = attempt(work, Path(prepared), Path(out), refuse)
                tried += 1
                wrong = "" if code == 0 and not way.outputs else fault(code, text, [] if way.outputs else left)
                faults += [f"{work.name}, {how}: {wrong}"] if wrong else []
        for options in way.mounts:
            answered = _mounted(options, prepared)
            if answered is not None:
                tried += sum(1 for _ in works())
                faults += [f"{options}: {line}" for line in answered]
    return tried, faults


def _mounted(options: str, prepared: str) -> list[str] | None:
    """What went wrong in a file system of its own; None where none can be mounted."""
    enter = ["unshare", "-rm", "sh", "-c"]
    with tempfile.TemporaryDirectory() as place:
        mount = f"mount -t tmpfs -o {options} none '{place}'"
        if (
            not shutil.which("unshare")
            or subprocess.run([*enter, mount], check=False, capture_output=True).returncode
        ):
            return None
        run = f"{sys.executable} -m corpus.refusals '{place}' '{prepared}' {'--read-only' if options == 'ro' else ''}"
        done = subprocess.run([*enter, f"{mount} && {run}"], check=False, capture_output=True, text=True)
    return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()


def main() -> int:
    """In a file system that is small or read-only; prints what is wrong."""
    out, folder, read_only = Path(sys.argv[1]), Path(sys.argv[2]), "--read-only" in sys.argv
    faults = 0
    for work in works():
        code, text, left = attempt(work, folder, out, lambda: None)
        wrong = "" if code == 0 and not read_only else fault(code, text, left)
        if wrong:
            faults += 1
            print(f"{work.name}: {wrong}")
        for one in left:
            remove(out / one)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
