"""Whether searches by strangers find a name as often as stated, for people enrolled with one or several photos.

    python -m benchmarks.identification --embeddings data/embeddings/aligned.parquet --name celeba-small

The dev people of a table make the calibration. Galleries are drawn from the query people; everybody else among query
people and distractors is a stranger who searches. Simulated people are measured beside them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.experiments import revision
from faceline.core.files import write_text
from faceline.evaluation.embeddings.table import read_embeddings
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, dev_comparisons

PHOTOS, SIZES, FPIRS = (1, 3, 8), (20, 50), (0.1, 0.01)
DIM = 64


@dataclass(frozen=True)
class Photos:
    """(n, dim) unit embeddings, (n,) whose each is, and (n,) whether that person may be enrolled."""

    embeddings: np.ndarray
    person: np.ndarray
    may_enrol: np.ndarray


def searches(
    photos: Photos, size: int, enrolled: int, rng: np.random.Generator, galleries: int
) -> Iterator[np.ndarray]:
    """(strangers,) best similarity of each stranger's photo in a gallery of people enrolled with so many photos."""
    counts = {one: np.flatnonzero(photos.person == one) for one in np.unique(photos.person[photos.may_enrol])}
    able = [one for one, rows in counts.items() if len(rows) >= enrolled]
    if len(able) < size:
        return
    for _ in range(galleries):
        chosen = rng.choice(able, size, replace=False)
        rows = np.stack([rng.choice(counts[one], enrolled, replace=False) for one in chosen])
        means = photos.embeddings[rows].sum(axis=1)
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        yield (photos.embeddings[~np.isin(photos.person, chosen)] @ means.T).max(axis=1)


def simulated(seed: int) -> tuple[Calibration, Photos]:
    """150 dev and 400 others, 12 photos each: all share a direction, a person's more, a session's still more."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_normal((*shape, DIM)) / np.sqrt(DIM)

    people, sessions, each = 550, 6, 2
    raw = 0.45 * np.eye(DIM)[0] + 0.6 * draw(people, 1, 1) + 0.35 * draw(people, sessions, 1)
    raw = raw + 0.55 * draw(people, sessions, each)
    raw /= np.linalg.norm(raw, axis=-1, keepdims=True)
    embeddings = raw.reshape(-1, DIM).astype(np.float32)
    person = np.repeat(np.arange(people), sessions * each)
    dev = person < 150
    rest = Photos(embeddings[~dev], person[~dev], np.ones((~dev).sum(), bool))
    return Calibration.of(Comparisons.of(embeddings[dev], person[dev])), rest


def of_table(path: Path) -> tuple[Calibration, Photos]:
    """The calibration of a table's dev people, and its query people and distractors."""
    table = read_embeddings(path)
    role = table.rows["role"].to_numpy()
    rows = np.flatnonzero(table.ok & np.isin(role, [QUERY, DISTRACTOR]))
    photos = Photos(table.embeddings[rows], table.rows["person"].to_numpy()[rows], role[rows] == QUERY)
    return Calibration.of(dev_comparisons(table)), photos


def lines(calibration: Calibration, photos: Photos, galleries: int) -> Iterator[str]:
    """Rows of the table: FPIR reached at thresholds from pairs of photos, and at those for so many photos."""
    for fpir in FPIRS:
        for size in SIZES:
            fmr = fmr_for_fpir(fpir, size)
            for enrolled in PHOTOS:
                found = list(searches(photos, size, enrolled, np.random.default_rng(1), galleries))
                cells = []
                for tail in (calibration.pairs, calibration.tail(enrolled)):
                    if not found or not tail.supports(fmr):
                        why = f"supports FMR {tail.smallest_fmr:.2g}, needs {fmr:.2g}" if found else "too few people"
                        cells.append(why)
                        continue
                    rate = np.mean([np.mean(best > tail.threshold(fmr)) for best in found])
                    cells.append(f"{rate:.4f} ({rate / fpir:.2f})")
                yield f"| {fpir:g} | {size} | {enrolled} | {' | '.join(cells)} |"


HEAD = """FPIR reached, and in brackets reached / stated.

| stated FPIR | enrolled | photos of each | thresholds of photo pairs | thresholds for so many photos |
|---|---|---|---|---|"""


def main() -> None:
    """Measures, and writes `docs/results/identification-NAME.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--embeddings", type=Path, default=Path("data/embeddings/aligned.parquet"))
    parser.add_argument("--name", default="sample", help="of the data set, in the name of the page")
    parser.add_argument("--galleries", type=int, default=200, help="drawn at random for each row")
    options = parser.parse_args()
    command = f"python -m benchmarks.identification --embeddings {options.embeddings} --name {options.name}"
    text = f"# Do strangers find a name as often as stated: {options.name}\n\n"
    text += f"`{command} --galleries {options.galleries}` at `{revision()}`. Means over random galleries.\n"
    text += "Each threshold is that for FMR = 1 - (1 - FPIR)^(1/N), made on dev people; galleries are query people.\n"
    parts = {options.name: of_table(options.embeddings), "simulated people": simulated(1)}
    for name, (calibration, photos) in parts.items():
        others = len(np.unique(photos.person))
        text += f"\n## {name}: {calibration.people} dev people, {others} others\n\n{HEAD}\n"
        text += "\n".join(lines(calibration, photos, options.galleries)) + "\n"
    print(text)
    write_text(Path("docs/results") / f"identification-{options.name}.md", text)


if __name__ == "__main__":
    main()
