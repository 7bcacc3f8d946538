"""What a data set is like: attributes, photos per person, box sizes, near-duplicates, what each filter removes."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import ATTRIBUTES, IMAGE_ID, PERSON
from faceline.data.filtering.duplicates import duplicate_groups
from faceline.data.filtering.params import FilterParams
from faceline.data.filtering.rejection import REASONS, rejection_reasons
from faceline.data.filtering.roles import known_groups, known_share, members


def analyse(joined: pd.DataFrame, params: FilterParams, excluded: Collection[str] = ()) -> dict[str, pd.DataFrame]:
    """Tables by name, each for one question, from annotation rows joined with the scan.

    `attribute_shares` (before and after the filters), `photos_per_person`, `box_sizes`, `near_duplicates` (photos of
    one group, with their people), `removed` (photos that each filter would remove, per group).
    """
    reasons = rejection_reasons(joined, params, excluded)
    return {
        "attribute_shares": attribute_shares(joined, reasons == ""),
        "photos_per_person": photos_per_person(joined, reasons == ""),
        "box_sizes": box_sizes(joined),
        "near_duplicates": near_duplicates(joined, params.duplicate_hash_bits),
        "removed": removed_by_group(joined, reasons),
    }


def attribute_shares(joined: pd.DataFrame, usable: np.ndarray) -> pd.DataFrame:
    """Share of photos that have each known attribute, among all and among the usable ones of which it is known."""
    values = joined[list(ATTRIBUTES)].astype(np.float64)
    shares = {"all": values.mean(), "usable": values[usable].mean()}
    return pd.DataFrame(shares).dropna(subset="all").rename_axis("attribute").reset_index()


def photos_per_person(joined: pd.DataFrame, usable: np.ndarray) -> pd.DataFrame:
    """How many people have 1, 2, ... photos, among all and among the usable ones."""
    both = {"all": joined, "usable": joined[usable]}
    counts = {name: rows.person.value_counts().value_counts() for name, rows in both.items()}
    table = pd.DataFrame(counts).fillna(0).astype(int).sort_index()
    return table.rename_axis("photos").reset_index()


def box_sizes(joined: pd.DataFrame) -> pd.DataFrame:
    """Photos by the shorter side of their box, in steps of 20 px."""
    shorter = joined[["width", "height"]].min(axis=1)
    low = (shorter.clip(lower=0) // 20 * 20).astype(int)
    table = low.value_counts().sort_index().rename_axis("from_px").reset_index(name="photos")
    return table.assign(to_px=table.from_px + 20)[["from_px", "to_px", "photos"]]


def near_duplicates(joined: pd.DataFrame, max_bits: int) -> pd.DataFrame:
    """Photos that are nearly the same, one row a photo; `people` says how many names a group has."""
    seen = joined[joined.readable.eq(True)]
    table = seen[[IMAGE_ID, PERSON]].assign(group=duplicate_groups(seen, max_bits))
    groups = table.groupby("group")
    table = table.assign(photos=groups.person.transform("size"), people=groups.person.transform("nunique"))
    table = table[table.photos > 1].sort_values(["group", IMAGE_ID], ignore_index=True)
    return table.assign(group=pd.factorize(table.group)[0])


def removed_by_group(joined: pd.DataFrame, reasons: np.ndarray) -> pd.DataFrame:
    """Photos that each filter removes, of everybody and of the groups of `known_groups`."""
    columns = {"all": np.ones(len(joined), bool)}
    for attribute in known_groups(joined):
        columns |= {f"{attribute}_{answer}": chosen for answer, chosen in members(joined, attribute).items()}
    rows = {"photos": np.ones(len(joined), bool)} | {reason: reasons == reason for reason in REASONS}
    table = {name: [int((group & chosen).sum()) for chosen in rows.values()] for name, group in columns.items()}
    return pd.DataFrame(table, index=pd.Index(rows, name="reason")).reset_index()


def summarise(joined: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> dict[str, float | None]:
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
        **{f"share_{attribute}": known_share(joined[attribute]) for attribute in known_groups(joined)},
    }


def write_analysis(tables: dict[str, pd.DataFrame], folder: Path) -> None:
    """Writes every table as CSV into a folder."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
