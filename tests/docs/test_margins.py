"""Margins and scales that a page states against the variants of the parameters."""

import pytest
from documents import ROOT, tables

from faceline.settings.variants import load_variant, variant_names

PAGE = ROOT / "docs/differences-from-the-papers.md"
HEADER, *ROWS = next(table for table in tables(PAGE) if "published" in table[0])
LOSSES = {row[0].strip("`"): dict(zip(HEADER, row, strict=True)) for row in ROWS}
# each column that names variants, and those it names
COLUMNS = {head: head.replace("`", "").split(", ") for head in HEADER if head.startswith("`")}


@pytest.mark.parametrize("variant", [name for names in COLUMNS.values() for name in names])
def test_the_table_says_what_the_variant_has(variant):
    column = next(head for head, names in COLUMNS.items() if variant in names)
    losses = load_variant(variant, ROOT / "params").losses.model_dump()
    for name, row in LOSSES.items():
        values = losses[name]
        margins = [values[key] for key in values if key.startswith("margin") and key != "margin_sigma"]
        assert row[column] == f"{' to '.join(f'{margin:g}' for margin in margins)}, {values['scale']:g}", (
            name,
            variant,
        )


def test_every_loss_with_a_scale_and_every_variant_is_in_the_table():
    losses = load_variant("sample", ROOT / "params").losses.model_dump()
    assert set(LOSSES) == {name for name, values in losses.items() if "scale" in values}
    assert {variant for names in COLUMNS.values() for variant in names} == set(variant_names(ROOT / "params"))
