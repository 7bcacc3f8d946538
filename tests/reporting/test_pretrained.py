"""What page and card say of a recogniser that started from pretrained weights, trained on or not."""

from __future__ import annotations

import pytest

from faceline.reporting.card import render_card
from faceline.reporting.inputs import Inputs
from faceline.reporting.page import render_page

UNKNOWN = "whether these had seen any of"


def texts(inputs: Inputs, params: dict[str, dict], **recognition: object) -> tuple[str, str]:
    stated = params | {"recognition": params["recognition"] | recognition}
    page, card = render_page(inputs, stated), render_card(inputs, stated)
    return " ".join(page.split()), " ".join(card.split())


def test_a_net_as_it_is(inputs: Inputs, params: dict[str, dict]) -> None:
    page, card = texts(inputs, params, backbone="sface", pretrained="sface", epochs=0)
    assert "A sface as pretrained, measured on" in page
    assert "It was not trained here." in page
    assert "Training loss by epoch. It rises" not in page
    assert "One batch as the recogniser sees it" not in page
    assert ", sface, not trained here" in card
    assert "(sface, not trained here, embeddings of" in card
    assert "| train | 40 | 1000 | the hourglass |" in card.replace(",", "")
    assert UNKNOWN in page
    assert UNKNOWN in card
    assert "arcface" not in page.partition('id="training"')[2].partition("</section>")[0]


@pytest.mark.parametrize("pretrained", ["none", "sface"])
def test_a_trained_net_says_what_it_started_from(inputs: Inputs, params: dict[str, dict], pretrained: str) -> None:
    for text in texts(inputs, params, pretrained=pretrained):
        assert (UNKNOWN in text) is (pretrained != "none")
        assert "not trained here" not in text
    assert "A spherenet4 trained with arcface on" in texts(inputs, params, pretrained=pretrained)[0]
