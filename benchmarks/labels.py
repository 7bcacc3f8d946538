"""Wrong labels put among the right ones, and how many of them `faceline labels` lists.

    python -m benchmarks.labels --celeba data/celeba --yunet yunet.onnx --sface sface.onnx --name celeba-small

People of CelebA's identity list, halved by a hash of their numbers; `--half dev` is for trying things out. In each of
several draws a share of the photos is given the label of another person, drawn at random, or a few people are split
into two labels. All thresholds come from the mixed labels themselves, as the verb takes them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.clusters import HALVES
from benchmarks.experiments import revision
from benchmarks.field_faces import add_options, by_hash, embed_people, photos_of_people
from faceline.core.files import replacing, write_text
from faceline.labels.doubtful import FAR, MIN_PHOTOS, OTHER_NEARER, DoubtfulLabels, doubtful_labels

SHARES = (0.02, 0.05)
SEEDS = range(1, 11)
SPLIT_PEOPLE = 10
MOST = 4  # people named
SPLIT_PHOTOS = 10  # of a person who is split, at least
WAYS = {
    "either": lambda reason: True,
    f"`{FAR}`": lambda reason: FAR in reason,
    f"`{OTHER_NEARER}`": lambda reason: OTHER_NEARER in reason,
    "both": lambda reason: FAR in reason and OTHER_NEARER in reason,
}


@dataclass(frozen=True)
class Photos:
    """Photos with a usable face.

    Attributes:
        rows: image_id and person.
        embeddings: (n, dim) unit vectors.
        failed: photos without a usable face.
    """

    rows: pd.DataFrame
    embeddings: np.ndarray
    failed: int

    def of(self, people: set[int]) -> Photos:
        """Those of some people who have enough of them to be judged."""
        counts = self.rows.groupby("person").person.transform("size")
        keep = (self.rows.person.isin(people) & (counts >= MIN_PHOTOS)).to_numpy()
        return Photos(self.rows[keep].reset_index(drop=True), self.embeddings[keep], self.failed)


def read_photos(options: argparse.Namespace) -> Photos:
    """Embeds all photos, or takes what an earlier run kept."""
    if options.embeddings is None or not options.embeddings.exists():
        found = embed_people(photos_of_people(options.celeba), options.celeba, options.yunet, options.sface)
        kept = {"names": np.array(found.names), "person": found.person, "emb": found.embeddings}
        kept["failed"] = np.array(found.failed)
        if options.embeddings is not None:
            with replacing(options.embeddings) as path:
                np.savez(path, **kept)
    else:
        with np.load(options.embeddings) as file:
            kept = dict(file)
    rows = pd.DataFrame({"image_id": kept["names"], "person": kept["person"]})
    return Photos(rows, kept["emb"], int(kept["failed"]))


def half_of(photos: Photos, half: str) -> Photos:
    """The photos of every second person in the order of a hash of their numbers."""
    people = by_hash(photos.rows.person.unique().tolist())
    return photos.of(set(people[HALVES[half] :: 2]))


def with_wrong_labels(person: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Labels of which a share is replaced by other people's."""
    rng = np.random.default_rng(seed)
    wrong = rng.choice(len(person), round(share * len(person)), replace=False)
    names = np.unique(person)
    mixed = person.copy()
    for row in wrong:
        mixed[row] = rng.choice(names[names != person[row]])
    return mixed


def with_split_people(person: np.ndarray, seed: int) -> tuple[np.ndarray, dict[int, int]]:
    """Labels under which half of the photos of some people, drawn at random, has a new name: and which has which."""
    rng = np.random.default_rng(seed)
    names, counts = np.unique(person, return_counts=True)
    chosen = rng.choice(names[counts >= SPLIT_PHOTOS], SPLIT_PEOPLE, replace=False)
    new = {int(name): int(names.max()) + 1 + place for place, name in enumerate(chosen)}
    mixed = person.copy()
    for name, other in new.items():
        own = rng.permutation(np.flatnonzero(person == name))
        mixed[own[: len(own) // 2]] = other
    return mixed, new


def listed(found: DoubtfulLabels, way: str) -> set[str]:
    """The photos that are listed for some of the reasons."""
    return {row.image_id for row in found.photos.itertuples() if WAYS[way](row.reason)}


def measure_wrong(photos: Photos, share: float, seed: int) -> dict[str, tuple[int, int, int]]:
    """For each way of reading the list: wrong labels, those of them listed, and original labels listed."""
    person = photos.rows.person.to_numpy()
    mixed = with_wrong_labels(person, share, seed)
    found = doubtful_labels(photos.rows.assign(person=mixed), photos.embeddings)
    wrong = set(photos.rows.image_id[mixed != person])
    named = {way: listed(found, way) for way in WAYS}
    return {way: (len(wrong), len(wrong & names), len(names - wrong)) for way, names in named.items()}


def measure_split(photos: Photos, seed: int) -> tuple[int, int, int]:
    """Splits tried, splits found, and other pairs listed."""
    mixed, new = with_split_people(photos.rows.person.to_numpy(), seed)
    found = doubtful_labels(photos.rows.assign(person=mixed), photos.embeddings)
    pairs = {frozenset(pair) for pair in found.pairs[["person", "other_person"]].to_numpy().tolist()}
    tried = {frozenset(pair) for pair in new.items()}
    return len(tried), len(tried & pairs), len(pairs - tried)


def wrong_table(photos: Photos) -> str:
    """Precision, recall and what else is listed, by share of wrong labels and way of reading the list."""
    head = ["wrong labels", "listed for", "recall", "precision", "original labels listed"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for share in SHARES:
        draws = [measure_wrong(photos, share, seed) for seed in SEEDS]
        for way in WAYS:
            wrong, found, others = np.array([draw[way] for draw in draws], float).T
            lines.append(
                f"| {share:.0%}, {wrong.mean():.0f} photos | {way} | {spread(found / wrong)} | "
                f"{spread(found / (found + others))} | {spread(others, 0)} |"
            )
    return "\n".join(lines)


def spread(values: np.ndarray, digits: int = 3) -> str:
    """The mean over draws, the smallest and the largest."""
    return f"{values.mean():.{digits}f} ({values.min():.{digits}f} to {values.max():.{digits}f})"


def original_text(photos: Photos) -> str:
    """What is listed when no label has been changed."""
    found = doubtful_labels(photos.rows, photos.embeddings)
    counts = {way: len(listed(found, way)) for way in WAYS}
    worst = found.photos.groupby("person").size().sort_values(ascending=False, kind="stable")
    sizes = photos.rows.groupby("person").size()
    most = ", ".join(f"{person} ({count} of {sizes[person]} photos)" for person, count in worst.head(MOST).items())
    pairs = ", ".join(
        f"{one.person} and {one.other_person} ({one.similarity:.2f})" for one in found.pairs.itertuples()
    )
    return (
        f"Of {found.judged} photos as they are labelled {counts['either']} are listed, of {len(worst)} people: "
        + "; ".join(f"{counts[way]} for {way}" for way in WAYS if way != "either")
        + f". Most of one person's: {most}. `far` is below {found.far_below:.3f}, one person's centres are from "
        + f"{found.same_from:.3f} on. Pairs of people listed: {pairs or 'none'}."
    )


def main() -> None:
    """Measures, and writes `docs/results/labels-NAME.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--embeddings", type=Path, help=".npz that keeps the embeddings for another run")
    parser.add_argument("--half", choices=list(HALVES), default="test")
    parser.add_argument("--name", default="celeba-small", help="of the data set, in the name of the page")
    options = parser.parse_args()
    everybody = read_photos(options)
    photos = half_of(everybody, options.half)
    tried, found, others = np.array([measure_split(photos, seed) for seed in SEEDS]).sum(axis=0)
    people, count = photos.rows.person.nunique(), len(photos.rows)
    shares, draws = " and ".join(f"{share:.0%}" for share in SHARES), len(SEEDS)
    text = f"""# Wrong labels: {options.name}

`python -m benchmarks.labels --celeba {options.celeba} --yunet {options.yunet.name} --sface {options.sface.name}
--half {options.half} --name {options.name}` at `{revision()}`. OpenCV's YuNet and SFace; {people} people with
{MIN_PHOTOS} usable photos and more, {count} photos: half of the data set's people, by a hash of their numbers. The
method and its constants were chosen on the other half. What a photo is compared with, and where the thresholds come
from, is in `data/README.md`.

## Photos under a wrong name

{shares} of the photos are given the label of another person, drawn at random, in {draws} draws: the mean, and in
brackets the smallest and the largest. Recall is the share of the changed labels that is listed, precision the share
of the list that is changed labels. Original labels that are listed count against the precision, right or wrong.

{wrong_table(photos)}

## Without any change

{original_text(photos)}

## One person under two names

In each of {draws} draws {SPLIT_PEOPLE} people with {SPLIT_PHOTOS} photos or more are split into two labels, half of
their photos each, at random: {found} of {tried} splits are listed, and {others} other pairs, in all draws together.

## All people

{original_text(everybody.of(set(everybody.rows.person)))}
"""
    print(text)
    write_text(Path("docs/results") / f"labels-{options.name}.md", text)


if __name__ == "__main__":
    main()
