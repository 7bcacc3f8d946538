import logging

from faceline.pipeline.progress import track


def test_without_a_terminal_a_line_now_and_then_says_rate_and_time_left(caplog):
    now = iter(range(0, 1000, 4))  # every photo takes four seconds
    with caplog.at_level(logging.INFO):
        assert list(track(["a"] * 7, "annotate", clock=lambda: next(now))) == ["a"] * 7
    assert caplog.messages == [
        "annotate: 3 of 7 photos, 0.25 a second, 00:16 left",
        "annotate: 6 of 7 photos, 0.25 a second, 00:04 left",
    ]


def test_what_is_quickly_done_says_nothing(caplog):
    with caplog.at_level(logging.INFO):
        assert list(track(range(5), "pack", "face")) == [0, 1, 2, 3, 4]
    assert caplog.messages == []
