"""Where photos come from."""

import threading
import time

import pytest

from faceline.recognition.training.face_store import prefetched


def test_prefetching_keeps_order_and_stays_within_bounds():
    loaded, taken = [], []

    def load(item):
        loaded.append((item, threading.current_thread() is not threading.main_thread()))
        return 10 * item

    for value in prefetched(load, range(20), ahead=2):
        time.sleep(0.001)
        taken.append(value)
        assert len(loaded) <= len(taken) + 2
    assert taken == [10 * item for item in range(20)]
    assert all(elsewhere for _, elsewhere in loaded)


def test_an_error_while_loading_comes_out_where_the_item_is_asked_for():
    def load(item):
        if item == 3:
            raise ValueError("item 3")
        return item

    values = prefetched(load, range(6))
    assert [next(values) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="item 3"):
        next(values)
