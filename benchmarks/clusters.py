"""How well groups of unknown faces agree with who is in them: B-cubed precision and recall on photos of people.

    python -m benchmarks.clusters --celeba data/celeba --yunet yunet.onnx --sface sface.onnx --name celeba-small

People of CelebA's identity list, in the order of a hash of their numbers; every second one from the second on (or,
with `--half dev`, from the first on, for trying things out). The first has one photo, the next two, and so on up to
ten, and again from one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.experiments import revision
from benchmarks.field_faces import PeoplePhotos, add_options, embed_people, photos_of_people
from faceline.clustering.bcubed import BCubed, b_cubed
from faceline.clustering.groups import face_groups
from faceline.core.files import write_text
from faceline.evaluation.verification.intervals import interval, person_weights

MOST_PHOTOS = 10
HALVES = {"dev": 0, "test": 1}
SAMPLES = 1000


def chosen_photos(photos: dict[int, list[str]], half: str, people: int) -> dict[int, list[str]]:
    """Photos of so many people of a half, 1 to 10 of each (fewer where there are not so many)."""
    mine = list(photos)[HALVES[half] :: 2][:people]
    return {person: photos[person][: 1 + place % MOST_PHOTOS] for place, person in enumerate(mine)}


def intervals(figures: BCubed, person: np.ndarray, seed: int = 1) -> np.ndarray:
    """(3, 2) bounds of precision, recall and F: people are drawn again, the figures of their faces kept."""
    _, code = np.unique(person, return_inverse=True)
    weights = person_weights(code.max() + 1, SAMPLES, seed)
    drawn = np.array([figures.means(row[code]) for row in weights])
    return np.array([interval(column) for column in drawn.T])


def table_of(found: PeoplePhotos) -> str:
    """The figures of HDBSCAN's groups, and of each face alone, as a Markdown table."""
    lines = ["| | groups | faces in none | precision | recall | F |", "|---" * 6 + "|"]
    groupings = {
        "`faceline cluster`": face_groups(found.embeddings).number,
        "every face alone": np.full(len(found.person), -1),
    }
    for name, groups in groupings.items():
        figures = b_cubed(groups, found.person)
        cells = [
            f"{value:.3f} ({low:.3f} to {high:.3f})"
            for value, (low, high) in zip(figures.means(), intervals(figures, found.person), strict=True)
        ]
        lines.append(f"| {name} | {groups.max() + 1} | {int((groups < 0).sum())} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, and writes `docs/results/clusters-NAME.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--people", type=int, default=90)
    parser.add_argument("--half", choices=list(HALVES), default="test")
    parser.add_argument("--name", default="celeba-small", help="of the data set, in the name of the page")
    options = parser.parse_args()
    photos = chosen_photos(photos_of_people(options.celeba), options.half, options.people)
    found = embed_people(photos, options.celeba, options.yunet, options.sface)
    text = f"""# Groups of unknown faces: {options.name}

`python -m benchmarks.clusters --celeba {options.celeba} --yunet {options.yunet.name} --sface {options.sface.name}
--people {options.people} --half {options.half} --name {options.name}` at `{revision()}`. OpenCV's YuNet and SFace, 1
to {MOST_PHOTOS} photos of each of {len(np.unique(found.person))} people, {len(found.names)} faces; {found.failed}
photos without a usable face are left out. B-cubed figures are means over faces, a face in no group being a group of
its own. Intervals (95%) draw people again and keep the figures of their faces.

{table_of(found)}
"""
    print(text)
    write_text(Path("docs/results") / f"clusters-{options.name}.md", text)


if __name__ == "__main__":
    main()
