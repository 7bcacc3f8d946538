"""A packed image set as files: a folder for each person, which most tools read as it is."""

import re
from pathlib import Path

from faceline.core.errors import InputError
from faceline.core.files import replacing_folder
from faceline.imaging.progress import track
from faceline.packed.sets import PackedSet
from faceline.pipeline.private import make_private
from faceline.spreadsheets.tables import safe_table


def export_images(packed: Path, out: Path) -> int:
    """Writes `out/PERSON/IMAGE.jpg` and `out/rows.csv`, all private, and says how many images there are.

    Cells of `rows.csv` are those of `faceline.spreadsheets.cells`.

    Raises:
        InputError: no packed set there, or `out` exists and is not empty.
    """
    images = PackedSet(packed)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists already and is not empty; name a new folder")
    rows = images.rows.copy()
    people = [_safe(str(person)) or "nobody" for person in rows["person"]]
    stems = [_safe(re.sub(r"\.\w+$", "", image_id)) for image_id in rows["image_id"]]
    rows.insert(0, "file", [f"{person}/{stem}.jpg" for person, stem in zip(people, stems, strict=True)])
    if rows["file"].duplicated().any():
        raise InputError(f"{packed}: two images would be called {rows['file'][rows['file'].duplicated()].iloc[0]}")
    with replacing_folder(out) as folder:
        for file, content in zip(rows["file"], track(images.encoded(), "export", len(images)), strict=True):
            target = folder / file
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content)
        safe_table(rows).to_csv(folder / "rows.csv", index=False)
        make_private(folder)
    return len(images)


def _safe(name: str) -> str:
    """A name that stays inside its folder."""
    return re.sub(r"^\.+", "_", re.sub(r"[/\\\x00]", "_", name))
