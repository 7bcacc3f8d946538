"""Messages that the page on troubleshooting explains against those that the code gives."""

import re

import pytest
from documents import ROOT, tables

SAID = "".join(path.read_text() for path in [ROOT / "Makefile", *(ROOT / "faceline").rglob("*.py")])
NOT_OURS = {"dvc", "docker", "Unable", "pip"}  # commands, and what other programs say
MESSAGES = [
    message
    for _, *rows in tables(ROOT / "docs/troubleshooting.md")
    for row in rows
    for message in re.findall(r"`([^`]+)`", row[0])
    if " " in message and message.split()[0] not in NOT_OURS
]


def test_some_are_explained():
    assert len(MESSAGES) > 10


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_explained_is_one_that_is_given(message):
    assert message in SAID
