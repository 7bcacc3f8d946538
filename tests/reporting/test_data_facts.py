"""Page and card say of the photos what the data set says of itself: source, licence, groups where any are known."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from made_up_reports import LANDMARK_SETS, METRICS, write_summary

from faceline.reporting.card import render_card
from faceline.reporting.inputs import Inputs
from faceline.reporting.origins import Origins
from faceline.reporting.page import render_page
from faceline.settings.variants import load_variant, variant_names

FOLDER = Path(__file__).resolve().parents[2] / "params"
# params/base.yaml has these, for the sample.
LEFT_OVER = {"source": "synthetic", "licence": "none needed", "labels_by": "the sample generator"}
ATTRIBUTES = ("Male", "Young", "Pale_Skin", "Eyeglasses", "Wearing_Hat", "Smiling")


def texts(inputs: Inputs, params: dict[str, dict]) -> dict[str, str]:
    """What a reader sees of both, on one line each; of the page without the list of parameters, which holds paths."""
    page = re.sub(r"<h3>Parameters</h3>.*?<h3>", "<h3>", render_page(inputs, params), flags=re.DOTALL)
    page = re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]*>", "", page, flags=re.DOTALL)
    return {"page": " ".join(unescape(page).split()), "card": " ".join(render_card(inputs, params).split())}


@pytest.fixture
def brought_in(folders: tuple[Path, Path], tmp_path: Path) -> Inputs:
    """What the stages leave of photos whose attributes nobody knows, as `faceline annotate` writes them."""
    metrics, reports = (Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in folders)
    for file, values in METRICS.items():
        kept = {key: value for key, value in values.items() if not any(name in key for name in ATTRIBUTES)}
        (metrics / f"{file}.json").write_text(json.dumps(kept))
    write_summary(reports, "train_recognition", synthetic=False)
    write_summary(reports, "landmarks", **LANDMARK_SETS["celeba"])
    for name in ("recognition/groups.csv", "landmarks/groups.csv", "dataset/attribute_shares.csv"):
        pd.read_csv(reports / name)[:0].to_csv(reports / name, index=False)
    rates = pd.read_csv(reports / "recognition/rates.csv")
    rates[~rates.rate.str.contains("|".join(ATTRIBUTES))].to_csv(reports / "recognition/rates.csv", index=False)
    removed = pd.read_csv(reports / "dataset/removed.csv")
    removed[["reason", "all"]].to_csv(reports / "dataset/removed.csv", index=False)
    return Inputs.read(metrics, reports)


def with_data(params: dict[str, dict], **facts: str | None) -> dict[str, dict]:
    """Parameters with paths of one's own and the given facts in place of the sample's."""
    own = {key: value for key, value in params["data"].items() if key not in LEFT_OVER}
    own |= {"images": "data/mine/photos.zip", "labels_by": "mtcnn"} | facts
    return params | {"data": own}


@pytest.mark.parametrize("facts", [{}, {"source": None, "licence": None}, LEFT_OVER])
def test_of_ones_own_photos_nothing_is_claimed(brought_in: Inputs, params: dict[str, dict], facts: dict) -> None:
    for text in texts(brought_in, with_data(params, **facts)).values():
        assert "Source of the photos: not stated. Licence: not stated." in text
        assert not re.search(r"CelebA|non-commercial|[Ss]ynthetic|none needed|annotators|the sample", text)
        assert ("Boxes and points were made by mtcnn." in text) is (facts is not LEFT_OVER)


def test_the_list_of_excluded_photos_is_named(inputs: Inputs, params: dict[str, dict]) -> None:
    assert "params/excluded" not in texts(inputs, params)["page"]
    listed = params | {"filter": params["filter"] | {"excluded": "mine"}}
    assert "Excluded photos are those of the list params/excluded/mine.csv." in texts(inputs, listed)["page"]


def test_attributes_that_nobody_set_are_not_spoken_of(brought_in: Inputs, params: dict[str, dict]) -> None:
    both = texts(brought_in, with_data(params))
    for text in both.values():
        assert not [name for name in ATTRIBUTES if name.replace("_", " ") in text.replace("_", " ")]
        assert "yes-or-no labels" not in text
        assert "none of the attributes in" in text
    assert "No attribute of any photo is known." in both["page"]
    assert "recognition/groups.csv" not in both["page"]  # nor said to be missing


def test_what_the_parameters_say_is_said(brought_in: Inputs, params: dict[str, dict]) -> None:
    stated = with_data(params, source="staff of a school, who agreed", licence="kept within the school")
    for text in texts(brought_in, stated).values():
        assert "Source of the photos: staff of a school, who agreed. Licence: kept within the school." in text


@pytest.mark.parametrize("name", [name for name in variant_names(FOLDER) if name != "sample"])
def test_variants_of_celeba_say_so(name: str, brought_in: Inputs, params: dict[str, dict]) -> None:
    variant = load_variant(name, FOLDER).model_dump()
    learned = "celeba" if variant["landmarks"]["source"] == "selected" else name
    write_summary(brought_in.reports, "landmarks", **LANDMARK_SETS[learned])
    for text in texts(brought_in, params | {"data": variant["data"], "landmarks": variant["landmarks"]}).values():
        assert re.search(r"Source of the photos: (a part of )?CelebA", text)
        assert "Licence: non-commercial research only" in text
        assert "were not asked" in text
        assert ("learned from another set" in text) is (learned != "celeba")
        assert (f"another set, {name}, which has terms of its own" in text) is (learned != "celeba")


def test_drawn_photos_are_known_whatever_the_parameters_say(inputs: Inputs, params: dict[str, dict]) -> None:
    for facts in ({}, {"source": "CelebA", "licence": "non-commercial"}):
        assert Origins.of(inputs, with_data(params, **facts)).photos_note.startswith("Synthetic faces")
    for text in texts(inputs, params).values():
        assert "no licence is needed" in text
        assert "Source of the photos" not in text
