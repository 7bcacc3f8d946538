"""The table and its claims, from made-up runs."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_faces import tiny_params

from benchmarks.comparison import command_of, shared_settings, write_comparison
from benchmarks.comparison_page import table_of
from benchmarks.entries import Entry, Run
from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import EmbeddingTable

SHOWN = (
    *("accuracy_top1", "tpr_at_fpr_1e-1", "tpr_at_fpr_1e-2", "tpr_at_fpr_1e-3"),
    *("tpir_at_fpir_1e-1", "rank1", "auc", "eer"),
)


def made_up_run(noise: float, seed: int, figure: float) -> Run:
    """Twenty training people and forty query people round directions that are the same in all runs."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(60, 16))
    rows = [(person, "train", split) for person in range(20) for split in ["train"] * 4 + ["test"] * 4]
    rows += [(person, "query", "") for person in range(20, 60) for _ in range(6)]
    facts = pd.DataFrame(rows, columns=["person", "role", "split"]).assign(status="ok")
    facts["image_id"] = [f"{row}.jpg" for row in facts.index]
    vectors = centres[facts.person] + noise * rng.normal(size=(len(facts), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    roc = pd.DataFrame({"fpr": [0.0, 0.01, 1.0], "tpr": [0.0, figure, 1.0]})
    return Run(dict.fromkeys(SHOWN, figure), EmbeddingTable(facts, vectors.astype(np.float32)), roc, 2 * seed, 8)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stem = tmp_path_factory.mktemp("results") / "entries"
    runs = {
        Entry("poor", {}, "loud"): [
            made_up_run(2.0, seed, figure) for seed, figure in ((1, 0.2), (2, 0.5), (3, 0.2))
        ],
        Entry("good", {}, "quiet"): [made_up_run(0.7, seed, 0.8) for seed in (4, 3)],
    }
    evaluation = tiny_params().evaluation.model_copy(update={"bootstrap_samples": 200})
    write_comparison(stem, "Ways compared", runs, evaluation, "python -m entries")
    return stem


def test_means_and_deviations_with_the_best_mean_first(written: Path) -> None:
    table = pd.read_csv(written.with_suffix(".csv"))
    assert table.name.tolist() == ["good", "poor"]
    assert table.accuracy_top1.tolist() == pytest.approx([0.8, 0.3])
    assert table.accuracy_top1_sd.tolist() == pytest.approx([0, np.sqrt(0.03)], abs=1e-6)
    rows = [line for line in written.with_suffix(".md").read_text().splitlines() if " ± " in line]
    assert rows[0].startswith("| good | quiet | 2 | 8 6 of 8 | 0.800 ± 0.000 |")
    assert rows[1].startswith("| poor | loud | 3 | 2 4 6 of 8 | 0.300 ± 0.173 |")


def test_a_figure_that_one_seed_lacks_has_no_mean_and_one_seed_no_deviation() -> None:
    lacking = made_up_run(1.0, 1, 0.5)
    lacking.metrics["auc"] = None
    runs = {Entry("a", {}, ""): [lacking, made_up_run(1.0, 2, 0.7)], Entry("b", {}, ""): [made_up_run(1.0, 3, 0.4)]}
    table = table_of(runs).set_index("name")
    assert np.isnan(table.auc["a"])
    assert table.eer["a"] == pytest.approx(0.6)
    assert table.auc["b"] == pytest.approx(0.4)
    assert np.isnan(table.auc_sd["b"])


def test_the_page_claims_the_differences_and_says_what_they_rest_on(written: Path) -> None:
    text = written.with_suffix(".md").read_text()
    assert "`python -m entries` at" in text
    claims = [line for line in text.splitlines() if line.startswith("| poor | good | -")]
    assert len(claims) == 4  # of TPR at two FPRs, of TPIR and of accuracy
    assert all(line.endswith("| yes |") for line in claims)
    for people in ("query", "train"):
        assert f"The {people} people are resampled" in text
    words = " ".join(text.split())
    assert words.count("each entry's seeds (2 or 3) is part of the interval") == 4
    assert words.count("p is adjusted by Holm's method for the 1 pairs of this table") == 4
    assert written.with_suffix(".png").stat().st_size > 5_000


def test_parameters_for_all_runs_are_checked_before_any_run() -> None:
    present = tiny_params()
    settings, changed = shared_settings(
        Namespace(set=["recognition.epochs=9", "losses.ce.label_smoothing=0.2"]), present
    )
    assert settings == {"recognition.epochs": 9, "losses.ce.label_smoothing": 0.2}
    assert (changed.recognition.epochs, changed.losses.ce.label_smoothing) == (9, 0.2)
    assert present.recognition.epochs != 9
    settings, _ = shared_settings(Namespace(set=["recognition.learning_rate=5e-05"]), present)
    assert settings == {"recognition.learning_rate": 0.00005}
    for word, said in (
        ("recognition.epochs", "not KEY=VALUE"),
        ("recognition.epoch=9", "not KEY=VALUE of a parameter"),
        ("recognition.seed.epochs=9", "not KEY=VALUE of a parameter"),
        ("recognition.epochs=none", "recognition.epochs"),
    ):
        with pytest.raises(InputError, match=said):
            shared_settings(Namespace(set=[word]), present)


def test_the_command_repeats_the_comparison() -> None:
    options = Namespace(seeds=5, name="light", set=["recognition.epochs=9"])
    command = command_of("benchmarks.losses", options, "--losses", "ce", "arcface")
    wanted = "python -m benchmarks.losses --losses ce arcface --seeds 5 --name light --set recognition.epochs=9"
    assert command == wanted
