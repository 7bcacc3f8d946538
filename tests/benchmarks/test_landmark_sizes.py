"""The table of hourglass sizes."""

import torch
from tiny_faces import tiny_params

from benchmarks.landmark_sizes import FIGURES, page, timed


def test_a_larger_net_has_more_parameters_and_a_row_of_its_own() -> None:
    landmarks = tiny_params().landmarks.model_copy(update={"input_px": 64, "depth": 2})
    sizes = {f"{stacks} x 16": landmarks.model_copy(update={"stacks": stacks, "channels": 16}) for stacks in (1, 2)}
    table = timed(sizes, torch.device("cpu"))
    assert table.parameters["2 x 16"] > 1.5 * table.parameters["1 x 16"]
    assert (table[["predicted_per_s", "trained_per_s"]] > 0).all(axis=None)
    text = page(table.assign(**dict.fromkeys(FIGURES, 0.0312)), "python -m sizes", "abc123", torch.device("cpu"))
    assert "`python -m sizes` at `abc123`, on cpu" in text
    rows = [line for line in text.splitlines() if line.startswith(("| 1 x 16", "| 2 x 16"))]
    assert len(rows) == 2
    assert all("| 0.0312 (0.0312 to 0.0312) |" in row for row in rows)
