"""The record's sums and the page that is made of it."""

from faults.record import page, stages, summary

ABOUT = {"seconds": 30.0, "load": 1.5, "revision": "abc1234"}
NO_KILLS = dict.fromkeys(("kills", "survived", "resumed", "workers", "equal", "compared", "reported", "lost"), 0)


def kill(**figures: int) -> dict:
    return NO_KILLS | ABOUT | figures


KNOWN = {
    "cores": 2,
    "corpus": {"photo": {"tried": 7, "answered": 6, "tracebacks": 1, "over_limit": 0, **ABOUT}},
    "fuzz": {
        name: {"cases": 2000, "read": 5, "refused": 1995, "faulty": 2, "slowest_s": 0.1, "peak_mb": 400, **ABOUT}
        for name in ("pairs", "scan")
    },
    "kills": {
        "scan/0": kill(kills=1, survived=1, equal=1, compared=1),
        "scan/1": kill(kills=1, survived=0, equal=0, compared=1),
    },
    "galleries": {"enrolment": kill(kills=4, survived=4, reported=30, lost=1)},
}


def test_headlines_are_sums_and_faults_are_taken_off() -> None:
    figures = summary(KNOWN)
    assert (figures["files_tried"], figures["files_answered"]) == (7, 6)
    assert (figures["fuzz_cases"], figures["fuzz_answered"]) == (4000, 3996)
    assert (figures["kills"], figures["kills_survived"]) == (6, 5)
    assert (figures["outs_compared"], figures["outs_equal"]) == (2, 1)
    assert (figures["photos_reported"], figures["photos_kept"]) == (30, 29)
    assert figures["refusals_tried"] == 0


def test_kills_of_a_stage_are_one_row() -> None:
    assert list(stages(KNOWN)) == ["scan"]
    text = page(KNOWN)
    assert "| scan | 2 | 1 | 0 | 0 | 1 / 2 |" in text
    assert "| files changed at random: read, or one message | 4,000 | 3,996 |" in text
    assert "Made at `abc1234`, in 3 minutes on 2 cores" in text
    assert "Of the broken files 1 ended in a traceback" in text
