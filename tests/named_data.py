"""A small data set of Ada (1), Bob (2) and Cid (3), as `faceline annotate` names its files."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.annotations.celeba import write_celeba
from faceline.core.columns import BOX_COLUMNS, POINT_COLUMNS

ADAS = ["000001.jpg", "000003.jpg"]
PEOPLE = {"000001.jpg": "Ada", "000002.jpg": "Bob", "000003.jpg": "Ada", "000004.jpg": "Cid", "000005.jpg": "Bob"}


def write_named_data(folder: Path) -> None:
    """Photos in a folder and, under the same names, in an archive, with every list."""
    (folder / "img_celeba").mkdir(parents=True)
    numbers = {"Ada": 1, "Bob": 2, "Cid": 3}
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"image_id": list(PEOPLE), "person": [numbers[name] for name in PEOPLE.values()]})
    table["partition"] = 0
    table[[*BOX_COLUMNS, *POINT_COLUMNS]] = rng.integers(10, 200, (len(table), 14))
    write_celeba(folder, table)
    with (folder / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["image_id", "person", "name", "photo"])
        rows.writerows([one, numbers[name], name, f"my_people/{name}/{one}"] for one, name in PEOPLE.items())
    with zipfile.ZipFile(folder / "img_celeba.zip", "w") as archive:
        for one in PEOPLE:
            (folder / "img_celeba" / one).write_bytes(f"photo {one}".encode())
            archive.writestr(f"img_celeba/{one}", f"photo {one}")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
