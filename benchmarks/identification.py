"""Whether searches by strangers find a name as often as stated, for people enrolled with one or several photos.

    python -m benchmarks.identification --embeddings data/embeddings/aligned.parquet --name celeba-small

The dev people of a table make the calibration. Galleries are drawn from the query people; everybody else among query
people and distractors is a stranger who searches. Simulated people, ten sets of them, are measured beside them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.experiments import revision
from faceline.core.files import write_text
from faceline.evaluation.embeddings.table import read_embeddings
from faceline.evaluation.verification.calibration import Calibration, fmr_for_fpir
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.roles import DISTRACTOR, QUERY, dev_comparisons
from faceline.evaluation.verification.score_tail import ScoreTail

PHOTOS, SIZES, FPIRS = (1, 3, 8), (20, 50), (0.1, 0.01)
SIMULATIONS = 10
DIM = 64


@dataclass(frozen=True)
class Population:
    """Photos of people who are no dev people, and what the dev people say of scores.

    Attributes:
        calibration: of the dev people.
        embeddings: (n, dim) unit vectors.
        person: (n,) whose each is.
        may_enrol: (n,) bool, whether that person may be in a gallery.
    """

    calibration: Calibration
    embeddings: np.ndarray
    person: np.ndarray
    may_enrol: np.ndarray

    def searches(self, size: int, enrolled: int, galleries: int) -> list[dict[str, np.ndarray]]:
        """For each random gallery of people with so many photos: (strangers,) the best similarity of each photo.

        By kind of search: to the means of people's photos, and to the nearest of their photos. None at all where too
        few people have so many photos, or nobody would be left to search.
        """
        rng = np.random.default_rng(1)
        rows = {one: np.flatnonzero(self.person == one) for one in np.unique(self.person[self.may_enrol])}
        able = [one for one, own in rows.items() if len(own) >= enrolled]
        if len(able) < size or len(np.unique(self.person)) == size:
            return []
        found = []
        for _ in range(galleries):
            chosen = rng.choice(able, size, replace=False)
            photos = np.stack([self.embeddings[rng.choice(rows[one], enrolled, replace=False)] for one in chosen])
            means = photos.sum(axis=1)
            means /= np.linalg.norm(means, axis=1, keepdims=True)
            strangers = self.embeddings[~np.isin(self.person, chosen)]
            by_kind = {"mean": means, "nearest": photos.reshape(-1, photos.shape[-1])}
            found.append({kind: (strangers @ rows_of.T).max(axis=1) for kind, rows_of in by_kind.items()})
        return found


def simulated(seed: int) -> Population:
    """150 dev and 400 others, 12 photos each: all share a direction, a person's more, a session's still more."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_normal((*shape, DIM)) / np.sqrt(DIM)

    people, sessions, each = 550, 6, 2
    raw = 0.45 * np.eye(DIM)[0] + 0.6 * draw(people, 1, 1) + 0.35 * draw(people, sessions, 1)
    raw = raw + 0.55 * draw(people, sessions, each)
    raw /= np.linalg.norm(raw, axis=-1, keepdims=True)
    embeddings, person = raw.reshape(-1, DIM).astype(np.float32), np.repeat(np.arange(people), sessions * each)
    dev = person < 150
    calibration = Calibration.of(Comparisons.of(embeddings[dev], person[dev]))
    return Population(calibration, embeddings[~dev], person[~dev], np.ones((~dev).sum(), bool))


def of_table(path: Path) -> Population:
    """A table's query people, who may be enrolled, and distractors."""
    table = read_embeddings(path)
    role = table.rows["role"].to_numpy()
    rows = np.flatnonzero(table.ok & np.isin(role, [QUERY, DISTRACTOR]))
    person = table.rows["person"].to_numpy()[rows]
    return Population(Calibration.of(dev_comparisons(table)), table.embeddings[rows], person, role[rows] == QUERY)


def reached(
    tails: Sequence[ScoreTail], searches: Sequence[list[dict[str, np.ndarray]]], kind: str, fpir: float, fmr: float
) -> str:
    """The FPIR reached, a mean over populations, and over the stated one with its range; or why there is none."""
    if not all(searches):
        return "too few people"
    if not all(tail.supports(fmr) for tail in tails):
        return f"needs FMR {fmr:.2g}, supports {max(tail.smallest_fmr for tail in tails):.2g}"
    rates = np.array(
        [
            np.mean([np.mean(best[kind] > tail.threshold(fmr)) for best in found])
            for tail, found in zip(tails, searches, strict=True)
        ]
    )
    ratios = rates / fpir
    spread = f"; {ratios.min():.2f} to {ratios.max():.2f}" if len(ratios) > 1 else ""
    return f"{rates.mean():.4f} ({ratios.mean():.2f}{spread})"


def table_of(populations: Sequence[Population], galleries: int) -> str:
    """FPIR at thresholds from pairs of photos, and at those for so many photos, as a Markdown table."""
    kinds = ["mean, thresholds of photo pairs", "mean, for so many photos"]
    kinds += ["nearest, thresholds of photo pairs", "nearest, for so many photos"]
    lines = [f"| stated FPIR | enrolled | photos of each | {' | '.join(kinds)} |", "|---" * 7 + "|"]
    for size in SIZES:
        for enrolled in PHOTOS:
            searches = [one.searches(size, enrolled, galleries) for one in populations]
            for fpir in FPIRS:
                fmr = fmr_for_fpir(fpir, size)
                cells = [f"{fpir:g}", str(size), str(enrolled)]
                for kind in ("mean", "nearest"):
                    for photos in (1, enrolled):
                        tails = [one.calibration.tail(photos, kind) for one in populations]
                        cells.append(reached(tails, searches, kind, fpir, fmr))
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, and writes `docs/results/identification-NAME.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--embeddings", type=Path, default=Path("data/embeddings/aligned.parquet"))
    parser.add_argument("--name", default="sample", help="of the data set, in the name of the page")
    parser.add_argument("--galleries", type=int, default=200, help="drawn at random for each row")
    options = parser.parse_args()
    command = f"python -m benchmarks.identification --embeddings {options.embeddings} --name {options.name}"
    table = of_table(options.embeddings)
    of_each = max(1, options.galleries // SIMULATIONS)
    worlds = [simulated(seed) for seed in range(1, SIMULATIONS + 1)]
    text = f"""# Do strangers find a name as often as stated: {options.name}

`{command} --galleries {options.galleries}` at `{revision()}`. Means over random galleries, with FPIR reached /
stated in brackets.
A face is compared with the mean of a person's photos, or with the nearest of them.
Each threshold is that for FMR = 1 - (1 - FPIR)^(1/N), made on dev people; galleries are of other people.

## {options.name}: {table.calibration.people} dev people, {len(np.unique(table.person))} others

{table_of([table], options.galleries)}

## Simulated people: {SIMULATIONS} sets of 150 dev people and 400 others

{of_each} galleries of each set; the brackets have mean, lowest and highest
over the sets.

{table_of(worlds, of_each)}
"""
    print(text)
    write_text(Path("docs/results") / f"identification-{options.name}.md", text)


if __name__ == "__main__":
    main()
