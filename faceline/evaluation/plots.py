"""Pictures of the curves and sheets of the faces behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from faceline.pictures.sheets import new_figure, save, sheet, write_png
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import PackedSet

PROBIT_TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
GREY = "0.6"
GENUINE, IMPOSTOR = "tab:blue", "tab:orange"
PAIRS_IN_A_ROW = 4


def draw_roc(table: pd.DataFrame, path: Path) -> None:
    """TPR over FPR, the latter logarithmic; from `verification.roc_table`."""
    figure = new_figure()
    axes = figure.add_subplot()
    shown = table[table["fpr"] > 0]
    axes.semilogx(shown["fpr"], shown["tpr"], color=GENUINE)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    save(figure, path)


def draw_det(table: pd.DataFrame, path: Path) -> None:
    """FNMR over FMR up to one half, on normal deviate axes: normally distributed scores give a straight line."""
    table = table[table["fmr"] <= 0.5]
    figure = new_figure()
    axes = figure.add_subplot()
    axes.plot(table["fmr_probit"], table["fnmr_probit"], color=GENUINE)
    for axis, column in ((axes.xaxis, "fmr_probit"), (axes.yaxis, "fnmr_probit")):
        values = table[column]
        low, high = (values.min(), values.max()) if len(values) else (ndtri(0.001), ndtri(0.5))
        ticks = [tick for tick in PROBIT_TICKS if ndtr(low) / 3 <= tick <= 1 - (1 - ndtr(high)) / 3]
        axis.set_ticks(
            [ndtri(tick) for tick in ticks], [f"{tick:.4%}".rstrip("0%").rstrip(".") + "%" for tick in ticks]
        )
    axes.tick_params(axis="x", rotation=45)
    axes.axline((0, 0), slope=1, color=GREY, linewidth=0.8, linestyle=":")
    if len(table):
        axes.set_xlim(table["fmr_probit"].min() - 0.1, table["fmr_probit"].max() + 0.1)
        axes.set_ylim(table["fnmr_probit"].min() - 0.1, table["fnmr_probit"].max() + 0.1)
    axes.set(xlabel="false match rate", ylabel="false non-match rate")
    axes.grid(alpha=0.3)
    save(figure, path)


def draw_histogram(table: pd.DataFrame, thresholds: Mapping[str, float | None], path: Path) -> None:
    """Both kinds of scores, with thresholds as lines; from `verification.histogram_table`."""
    figure = new_figure()
    axes = figure.add_subplot()
    edges = np.append(table["low"], table["high"].iloc[-1])
    for name, colour in (("impostor", IMPOSTOR), ("genuine", GENUINE)):
        axes.stairs(table[name], edges, fill=True, alpha=0.5, color=colour, label=name)
    for (name, threshold), style in zip(thresholds.items(), ("--", ":", "-."), strict=False):
        if threshold is not None:
            axes.axvline(threshold, color="black", linewidth=1, linestyle=style, label=name)
    axes.set(xlabel="cosine similarity", ylabel="share of its kind")
    axes.legend(frameon=False, fontsize="small")
    save(figure, path)


def draw_map(table: pd.DataFrame, path: Path) -> None:
    """The embedding map, one colour and shape a person; from `analysis.embedding_map`."""
    figure = new_figure(6, 6)
    axes = figure.add_subplot()
    shapes = "osD^vP*X"
    for index, (_, own) in enumerate(table.groupby("person", sort=True)):
        colour = f"C{index % 10}"
        axes.scatter(own["x"], own["y"], s=18, color=colour, marker=shapes[(index // 10) % len(shapes)], linewidths=0)
    axes.set_axis_off()
    axes.set_title("photos of query people; one colour and shape each", fontsize="small")
    save(figure, path)


def draw_pairs(aligned: PackedSet, pairs: Sequence[tuple[str, str]], captions: Sequence[str], path: Path) -> None:
    """Two faces side by side for each pair of image ids, with a caption below; a photo not in the set is grey."""
    wanted = sorted({image_id for pair in pairs for image_id in pair})
    positions = pd.Series(np.arange(len(aligned)), index=aligned.facts["image_id"])
    rows = np.sort(positions.reindex(wanted).dropna().astype(int).to_numpy())
    ids = aligned.facts["image_id"].to_numpy()[rows]
    faces = {name: decode_rgb(encoded, name) for name, encoded in zip(ids, aligned.encoded(rows), strict=True)}
    missing = np.full_like(next(iter(faces.values())), 128) if faces else np.full((112, 112, 3), 128, np.uint8)
    tiles = [np.hstack([faces.get(first, missing), faces.get(second, missing)]) for first, second in pairs]
    write_png(path, sheet(tiles, PAIRS_IN_A_ROW, captions))
