"""The index of a large gallery: a search against one pass over as many bytes in memory, in the same run.

python -m benchmarks.gallery_index --people 1000000 --gallery million.db

The gallery is made where there is none, and kept; drawn people have directions of their own and no more.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.alternating import alternate, record, seconds, spread
from faceline.galleries.gallery import Gallery
from faceline.galleries.identification import fixed_point, identify
from faceline.galleries.index_build import blocks, build_index
from faceline.galleries.index_folder import open_index
from faceline.galleries.rows import PhotoRow

DIM = 512
BATCH = 10_000
THRESHOLD = 0.3
SCATTER = 0.7  # of a probe round the person, as long as the person's own vector is 1


def make(path: Path, people: int) -> None:
    """A gallery of people with one photo each, those who are missing added."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with Gallery.open_or_create(path, "0" * 64, DIM) as gallery:
        for first in range(len(gallery), people, BATCH):
            vectors = np.random.default_rng(first).standard_normal((min(BATCH, people - first), DIM))
            gallery.add(
                [PhotoRow(f"person {first + row:07d}", "1.jpg", vector, "") for row, vector in enumerate(vectors)]
            )


def first_places(gallery: Gallery, probes: np.ndarray) -> list[str]:
    """Who is nearest to each probe by float32 products with everybody."""
    best, names = np.full(len(probes), -np.inf), [""] * len(probes)
    with gallery.reading() as database:
        for owners, _, embeddings in blocks(database, gallery):
            cosines = probes @ embeddings.T
            for probe, row in enumerate(cosines.argmax(axis=1).tolist()):
                if cosines[probe, row] > best[probe]:
                    best[probe], names[probe] = cosines[probe, row], owners[row]
    return names


def _own_memory() -> float:
    """GB that this process holds besides what is mapped from files."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--gallery", type=Path, required=True)
    parser.add_argument("--numbers", nargs="+", default=["float16", "int8"])
    parser.add_argument("--probes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"making the gallery: {seconds(lambda: make(options.gallery, options.people)):.0f} s")
    rng = np.random.default_rng(1)
    with Gallery(options.gallery) as gallery:
        some = rng.choice(options.people, options.probes // 2, replace=False)
        probes = np.concatenate([_near(some, rng), rng.standard_normal((options.probes - len(some), DIM))])
        probes = (probes / np.linalg.norm(probes, axis=1, keepdims=True)).astype(np.float32)
        wanted = first_places(gallery, probes)
        for numbers in options.numbers:
            held = open_index(gallery.path, "mean", DIM)
            if held is None or held.vectors.dtype.name != numbers:
                taken = seconds(lambda numbers=numbers: build_index(gallery, "mean", numbers))
                print(f"{numbers}: built in {taken:.0f} s", flush=True)
            _measure(gallery, numbers, probes, wanted, options.rounds)


def _near(people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A probe near each of some people, drawn as `make` draws them."""
    probes = []
    for person in people.tolist():
        first = person // BATCH * BATCH
        vector = np.random.default_rng(first).standard_normal((person - first + 1, DIM))[-1]
        vector /= np.linalg.norm(vector)
        noise = rng.standard_normal(DIM)
        probes.append(vector + SCATTER * noise / np.linalg.norm(noise))
    return np.array(probes).reshape(-1, DIM)


def _measure(gallery: Gallery, numbers: str, probes: np.ndarray, wanted: list[str], rounds: int) -> None:
    before = _own_memory()
    opening = time.perf_counter()
    references = gallery.searchable()
    thresholds = fixed_point(THRESHOLD, references.photos).of(references)
    opening = time.perf_counter() - opening
    identify(probes[:1], references, thresholds, repeats=False)  # reads the file once
    memory = _own_memory() - before
    names = []
    for probe in probes:
        compared = references.compared(probe[None], thresholds)
        names.append(compared.names[int((compared.similarity - compared.thresholds).argmax())])
    recall = statistics.fmean(name == right for name, right in zip(names, wanted, strict=True))
    width = {"float16": 2, "int8": 1}[numbers]
    same = np.ones((len(references.photos) * width // 4, DIM), np.float32)
    figure = alternate(
        lambda: identify(probes[:1], references, thresholds, repeats=False), lambda: probes[:1] @ same.T, rounds
    )
    note = f"first place as by float32 {recall:.3f} ({len(probes)} probes), {memory:.2f} GB besides the memory map"
    print(
        f"{numbers}, {len(references.photos):,} people: opened in {opening:.2f} s; search {spread(figure)} over a "
        f"float32 product of as many bytes; {note}",
        flush=True,
    )
    record({f"index_{numbers}": figure}, {f"index_{numbers}": note})


if __name__ == "__main__":
    main()
