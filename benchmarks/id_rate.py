"""The exact ID rate beside the bare matrix products it rests on, and beside sorting all scores.

    python -m benchmarks.id_rate            20,000 query x 200,000 distractor photos of 512 numbers
    python -m benchmarks.id_rate --quick    a tenth of the rows each configuration

Prints JSON. `over_products`: all rates from 0.5 down to 1e-6 over the float32 products alone, at four sizes, in
turns within one run, the better of two each. `memory_mb`: peak memory above the embeddings. `growth`: how much more
time twice the comparisons take, 2 where it grows in proportion. `sklearn_over_ours`: products and `roc_curve` over
ours, on as many scores as `roc_curve` holds comfortably.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_curve

from benchmarks.alternating import record
from faceline.evaluation.verification.comparisons import Comparisons
from faceline.evaluation.verification.impostors import ImpostorScores
from faceline.evaluation.verification.verification import id_rates

DIM = 512
FPRS = (0.5, 0.2, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
QUERY, DISTRACTORS = 20_000, 200_000
QUERY_PHOTOS, DISTRACTOR_PHOTOS = 10, 4
SKLEARN_SCORES = 50_000_000
COLUMNS = 8192
BLOCK_MB = 256


def made(query: int, distractors: int) -> Comparisons:
    """People scattered so that rates lie between 0 and 1."""
    generator = np.random.default_rng(1)

    def photos(people: int, each: int) -> tuple[np.ndarray, np.ndarray]:
        centres = generator.standard_normal((people, DIM), dtype=np.float32)
        embeddings = np.repeat(centres, each, axis=0)
        embeddings += 2.2 * generator.standard_normal(embeddings.shape, dtype=np.float32)
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        return embeddings, np.repeat(np.arange(people), each)

    embeddings, person = photos(query // QUERY_PHOTOS, QUERY_PHOTOS)
    others, other_person = photos(distractors // DISTRACTOR_PHOTOS, DISTRACTOR_PHOTOS)
    return Comparisons.of(embeddings, person, others, other_person + len(person))


def products_seconds(comparisons: Comparisons) -> float:
    """Bare products of all comparisons, as many threads as the library takes, into a buffer that is used again.

    The products within the query people are half a square; their time is counted at the rate of the rest.
    """
    out = np.empty((len(comparisons.query), COLUMNS), np.float32)
    started = time.perf_counter()
    for start in range(0, len(comparisons.distractor), COLUMNS):
        right = comparisons.distractor[start : start + COLUMNS]
        np.matmul(comparisons.query, right.T, out=out[:, : len(right)])
    done = time.perf_counter() - started
    return done * comparisons.negative_pairs / (len(comparisons.query) * len(comparisons.distractor))


def ours_seconds(comparisons: Comparisons) -> float:
    started = time.perf_counter()
    id_rates(ImpostorScores(comparisons, BLOCK_MB, hold=False), FPRS)
    return time.perf_counter() - started


def sklearn_seconds(comparisons: Comparisons) -> float:
    """Every score in one array, and scikit-learn's curve of them."""
    started = time.perf_counter()
    across = (comparisons.query @ comparisons.distractor.T).ravel()
    first, second = np.triu_indices(len(comparisons.query), 1)
    within = (comparisons.query @ comparisons.query.T)[first, second]
    genuine = comparisons.query_person[first] == comparisons.query_person[second]
    labels = np.concatenate([np.zeros(len(across), bool), genuine])
    roc_curve(labels, np.concatenate([across, within]), drop_intermediate=False)
    return time.perf_counter() - started


class Memory:
    """The most memory held between `start` and `peak_mb`, above what was held at the start (Linux)."""

    def start(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
        self._held = self._read("VmRSS")

    def peak_mb(self) -> float:
        return (self._read("VmHWM") - self._held) / 2**10

    def _read(self, field: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows each configuration")
    part = 10 if parser.parse_args().quick else 1
    query, distractors = QUERY // part, DISTRACTORS // part
    sizes, seconds, memory, rounds = [], [], Memory(), {}
    ours_seconds(made(200, 2_000))  # threads and libraries are up before anything counts
    for share in (8, 4, 2, 1):
        comparisons = made(query, distractors // share)
        bare = products_seconds(comparisons)
        memory.start()
        ours = ours_seconds(comparisons)
        peak = memory.peak_mb()
        again = products_seconds(comparisons), ours_seconds(comparisons)
        rounds[f"id_rate_{share}"] = [ours / bare, again[1] / again[0]]
        bare, ours = min(bare, again[0]), min(ours, again[1])
        seconds.append(ours)
        sizes.append(
            {
                "query": query,
                "distractors": distractors // share,
                "comparisons": comparisons.negative_pairs,
                "over_products": round(ours / bare, 3),
                "memory_mb": round(peak),
            }
        )
    doublings = math.log2(sizes[-1]["comparisons"] / sizes[0]["comparisons"])
    side = min(query, 2_000)
    held = made(side, max(COLUMNS, (SKLEARN_SCORES // part) // side))
    sorting = sklearn_seconds(held) / ours_seconds(held)
    report = {
        "sizes": sizes,
        "growth": round((seconds[-1] / seconds[0]) ** (1 / doublings), 3),
        "sklearn_scores": held.negative_pairs + held.positive_pairs,
        "sklearn_over_ours": round(sorting, 1),
    }
    print(json.dumps(report, indent=2))
    if part == 1:
        note = (
            f"grows by {report['growth']} for twice the comparisons, at most {max(s['memory_mb'] for s in sizes)} MB"
        )
        record(rounds | {"id_rate_sklearn": [sorting]}, {"id_rate_1": note})


if __name__ == "__main__":
    main()
