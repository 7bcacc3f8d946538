"""What a data set is like: attributes, photos per person, box sizes, near-duplicates, what each filter removes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from faceline.pictures.sheets import new_figure, save
from faceline.core.columns import ATTRIBUTES
from faceline.data.filtering.params import FilterParams
from faceline.data.filtering.duplicates import duplicate_groups
from faceline.data.filtering.rejection import REASONS, rejection_reasons
from faceline.data.filtering.roles import GROUPS


def analyse(joined: pd.DataFrame, params: FilterParams) -> dict[str, pd.DataFrame]:
    """Tables by name, each for one question, from annotation rows joined with the scan.

    `attribute_shares` (before and after the filters), `photos_per_person`, `box_sizes`, `near_duplicates` (photos of
    one group, with their people), `removed` (photos that each filter would remove, per group).
    """
    reasons = rejection_reasons(joined, params)
    return {
        "attribute_shares": attribute_shares(joined, reasons == ""),
        "photos_per_person": photos_per_person(joined, reasons == ""),
        "box_sizes": box_sizes(joined),
        "near_duplicates": near_duplicates(joined, params.duplicate_hash_bits),
        "removed": removed_by_group(joined, reasons),
    }


def attribute_shares(joined: pd.DataFrame, usable: np.ndarray) -> pd.DataFrame:
    """Share of photos that have each attribute, among all and among the usable ones."""
    columns = list(ATTRIBUTES)
    shares = {"all": joined[columns].mean(), "usable": joined.loc[usable, columns].mean()}
    return pd.DataFrame(shares).rename_axis("attribute").reset_index()


def photos_per_person(joined: pd.DataFrame, usable: np.ndarray) -> pd.DataFrame:
    """How many people have 1, 2, ... photos, among all and among the usable ones."""
    counts = {
        name: rows.person.value_counts().value_counts()
        for name, rows in (("all", joined), ("usable", joined[usable]))
    }
    table = pd.DataFrame(counts).fillna(0).astype(int).sort_index()
    return table.rename_axis("photos").reset_index()


def box_sizes(joined: pd.DataFrame) -> pd.DataFrame:
    """Photos by the shorter side of their box, in steps of 20 px."""
    shorter = joined[["width", "height"]].min(axis=1)
    low = (np.maximum(shorter, 0) // 20 * 20).astype(int)
    table = low.value_counts().sort_index().rename_axis("from_px").reset_index(name="photos")
    return table.assign(to_px=table.from_px + 20)[["from_px", "to_px", "photos"]]


def near_duplicates(joined: pd.DataFrame, max_bits: int) -> pd.DataFrame:
    """Photos that are nearly the same, one row a photo; `people` says how many names a group has."""
    seen = joined[joined.readable.eq(True)]
    hashes = seen.hash.to_numpy().astype(np.uint64)
    table = seen[["image_id", "person"]].assign(group=duplicate_groups(hashes, max_bits))
    groups = table.groupby("group")
    table = table.assign(photos=groups.person.transform("size"), people=groups.person.transform("nunique"))
    table = table[table.photos > 1].sort_values(["group", "image_id"], ignore_index=True)
    return table.assign(group=pd.factorize(table.group)[0])


def removed_by_group(joined: pd.DataFrame, reasons: np.ndarray) -> pd.DataFrame:
    """Photos that each filter removes, of everybody and of the groups in `selection.GROUPS`."""
    columns = {"all": np.ones(len(joined), bool)}
    for attribute in GROUPS:
        columns |= {f"{attribute}_yes": joined[attribute].eq(1), f"{attribute}_no": joined[attribute].eq(0)}
    rows = {"photos": np.ones(len(joined), bool)} | {reason: reasons == reason for reason in REASONS}
    table = {name: [int((members & chosen).sum()) for chosen in rows.values()] for name, members in columns.items()}
    return pd.DataFrame(table, index=pd.Index(rows, name="reason")).reset_index()


def summarise(joined: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Flat figures for the metrics file."""
    duplicates = tables["near_duplicates"]
    per_person = joined.person.value_counts()
    return {
        "photos": len(joined),
        "people": int(per_person.size),
        "unreadable": int((~joined.readable.eq(True)).sum()),
        "photos_per_person_median": float(per_person.median()),
        "photos_per_person_max": int(per_person.max()),
        "box_width_px_median": float(joined.width.median()),
        "sharpness_median": float(joined.sharpness.median()),
        "near_duplicate_groups": int(duplicates.group.nunique()),
        "near_duplicate_groups_across_people": int(duplicates[duplicates.people > 1].group.nunique()),
        **{f"share_{attribute}": float(joined[attribute].mean()) for attribute in GROUPS},
    }


def write_analysis(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Writes every table as CSV and three plots into a folder."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
    shares = tables["attribute_shares"].sort_values("all")
    figure = new_figure(6, 8)
    axes = figure.subplots()
    axes.barh(shares.attribute, shares["all"], color="#9db4c0")
    axes.plot(shares.usable, shares.attribute, "o", color="#253237", markersize=3)
    axes.set(xlabel="share of photos (bar: all, dot: usable)", xlim=(0, 1))
    axes.tick_params(axis="y", labelsize=7)
    save(figure, folder / "attribute_shares.png")
    people, sizes = tables["photos_per_person"], tables["box_sizes"]
    _bars(folder / "photos_per_person.png", people.photos, people.usable, 1, "usable photos of a person", "people")
    _bars(folder / "box_sizes.png", sizes.from_px, sizes.photos, 20, "shorter side of the box, px", "photos")


def _bars(path: Path, x: pd.Series, y: pd.Series, step: float, x_label: str, y_label: str) -> None:
    figure = new_figure()
    axes = figure.subplots()
    axes.bar(x, y, width=0.9 * step, align="edge", color="#5c6b73")
    axes.set(xlabel=x_label, ylabel=y_label)
    save(figure, path)
