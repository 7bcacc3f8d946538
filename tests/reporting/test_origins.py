"""Page and card say of every annotation who made it, and "people" only where people are known."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from made_up_reports import LANDMARK_SETS, METRICS, write_summary

from faceline.reporting.card import render_card
from faceline.reporting.inputs import Inputs
from faceline.reporting.origins import Origins
from faceline.reporting.page import render_page
from faceline.settings.variants import load_variant, variant_names

FOLDER = Path(__file__).resolve().parents[2] / "params"
PEOPLE, PHOTOS = "people the hourglass never trained on", "photos the hourglass never trained on"
SAYS = {
    "sample": ("synthetic and their points those they were drawn with", "annotated boxes were made by Grace", PEOPLE),
    "celeba": ("labels were made by Grace: this measures agreement", "annotated boxes were made by Grace", PEOPLE),
    "mtfl": ("labels were set by people", "boxes were drawn by people", PHOTOS),
    "keypoints68": ("not known who set the labels", "drawn round its points", PEOPLE),
}
COMPARED = {"nme_eye_center_detector_box": 0.0611, "nme_eye_center_detector_points": 0.0722}


def texts(inputs: Inputs, params: dict[str, dict]) -> dict[str, str]:
    """What a reader sees of both, on one line each."""
    page = re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]*>", "", render_page(inputs, params), flags=re.DOTALL)
    return {"page": " ".join(unescape(page).split()), "card": " ".join(render_card(inputs, params).split())}


def made_by(params: dict[str, dict], labels_by: str, detector: str = "mtcnn") -> dict[str, dict]:
    data, wild = params["data"] | {"labels_by": labels_by}, params["wild"] | {"detector": detector}
    return params | {"data": data, "wild": wild}


@pytest.fixture(params=LANDMARK_SETS)
def said(request, folders, params, tmp_path) -> tuple[str, dict[str, str]]:
    """The name of a landmark set, and the texts for it; sets that can judge a detector hold its figures."""
    name = request.param
    metrics, reports = (Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in folders)
    write_summary(reports, "landmarks", **LANDMARK_SETS[name])
    if name in ("mtfl", "keypoints68"):
        (metrics / "landmarks.json").write_text(json.dumps(METRICS["landmarks"] | COMPARED))
    source = params["landmarks"] | {"source": LANDMARK_SETS[name]["source"]}
    return name, texts(Inputs.read(metrics, reports), made_by(params, "Grace") | {"landmarks": source})


def test_who_set_the_points_and_who_made_the_boxes(said) -> None:
    name, both = said
    for text in both.values():
        for column in range(2):
            assert [other for other in SAYS if SAYS[other][column] in text] == [
                other for other in SAYS if SAYS[other][column] == SAYS[name][column]
            ]


def test_people_never_trained_on_are_claimed_only_where_people_are_known(said) -> None:
    name, both = said
    for text in both.values():
        assert [phrase for phrase in (PEOPLE, PHOTOS) if phrase in text] == [SAYS[name][2]]
        # of the chain's people the hourglass knows nothing where it learned from another set
        assert ("both nets" in text) is (name in ("sample", "celeba"))
    assert ("no training here saw" in both["page"]) is (name in ("sample", "celeba"))
    assert ("the recogniser was not trained on" in both["page"]) is (name in ("mtfl", "keypoints68"))


def test_the_comparison_from_the_same_boxes_comes_first(said) -> None:
    name, both = said
    compared = name in ("mtfl", "keypoints68")
    headline = both["page"][both["page"].index("Landmark error") :][:400]
    assert ("6.11%" in headline, "3.12%" in headline) == (compared, not compared)
    assert ("its own points on the same faces: 7.22%" in headline) is compared
    section = both["page"][both["page"].index("Landmarks were measured") :]
    assert ("From the boxes that mtcnn found, a point lies 6.11%" in section) is compared
    assert ("mtcnn's own points on the same faces lie 7.22%" in section) is compared
    if compared:
        own = both["card"].index("| the detector's own points, on the same faces | 7.22% |")
        assert both["card"].index("6.11%") < own < both["card"].index("3.12%")


def test_without_a_note_of_the_set_nothing_is_claimed(folders, params, tmp_path) -> None:
    reports = Path(shutil.copytree(folders[1], tmp_path / "reports"))
    (reports / "landmarks/summary.json").unlink()
    for text in texts(Inputs.read(folders[0], reports), params).values():
        assert "not known who set the labels" in text
        assert "not known who made the annotated boxes" in text
        assert PEOPLE not in text
        assert "both nets" not in text


@pytest.mark.parametrize(
    ("labels_by", "detector", "circular"),
    [
        ("mtcnn", "mtcnn", True),
        ("MTCNN, brought to CelebA's convention", "mtcnn", True),
        ("mtcnn", "yunet", False),
        ("CelebA's authors", "mtcnn", False),
        ("mtcnn2", "mtcnn", False),
    ],
)
def test_recall_against_the_detectors_own_boxes_is_said_to_say_nothing(
    inputs: Inputs, params: dict[str, dict], labels_by: str, detector: str, circular: bool
) -> None:
    chosen = made_by(params, labels_by, detector)
    for text in texts(inputs, chosen).values():
        found = (
            f"Faces are found by {detector}, and whether they were found is judged by boxes that {labels_by} made."
        )
        assert found in text
        assert ("the recall says nothing" in text) is circular
        assert f"Boxes and points were made by {labels_by}." in text


def test_boxes_drawn_round_points_are_said_to_be(inputs: Inputs, params: dict[str, dict]) -> None:
    """`data.boxes` that names the file of the points: of CelebA's aligned photos there are no boxes."""
    params = made_by(params, "Grace")
    params["data"] = params["data"] | {"boxes": "points.txt", "landmarks": "points.txt"}
    for text in texts(inputs, params).values():
        assert "Points were made by Grace; the boxes were drawn round them." in text
        assert "judged by boxes drawn round the points that Grace made" in text
        assert "oxes were made by Grace" not in text
        assert "Boxes and points" not in text


def test_the_error_from_boxes_drawn_round_points_is_said_to_be_small(folders, params, tmp_path) -> None:
    reports = Path(shutil.copytree(folders[1], tmp_path / "reports"))
    write_summary(reports, "landmarks", **LANDMARK_SETS["celeba"])
    params = params | {"data": params["data"] | {"boxes": "points.txt", "landmarks": "points.txt"}}
    for text in texts(Inputs.read(folders[0], reports), params).values():
        assert "drawn round its points, which makes an error from them too small" in text


@pytest.mark.parametrize("name", variant_names(FOLDER))
def test_every_variant_says_who_made_its_boxes(name: str, inputs: Inputs) -> None:
    """celeba-small's boxes were derived with MTCNN, which is its detector as well; the others' were not."""
    params = load_variant(name, FOLDER).model_dump()
    otherwise = ("sample", "celeba", "celeba-aligned", "celeba-small-sface", "celeba-small-sface-tuned")
    assert Origins.of(inputs, params).circular is (name not in otherwise)
