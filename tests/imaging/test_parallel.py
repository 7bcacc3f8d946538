import subprocess
import sys
import threading
import time

import pytest

from faceline.imaging.parallel import ordered_map, usable_cores


def test_as_many_as_the_system_allows_this_process():
    assert usable_cores() == int(subprocess.check_output(["nproc"], env={}))


def test_an_affinity_mask_counts():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from faceline.imaging.parallel import usable_cores; print(usable_cores())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "1\n"


@pytest.mark.parametrize(("workers", "ahead"), [(None, None), (1, 0), (3, 1), (2, 50), (0, 2)])
def test_results_come_in_order_whoever_finishes_first(workers, ahead):
    def slow_first(n):
        time.sleep(0.01 * (n % 3 == 0))
        return n * n

    assert list(ordered_map(slow_first, range(20), workers, ahead)) == [n * n for n in range(20)]


def test_threads_work_at_the_same_time():
    both = threading.Barrier(2, timeout=10)
    assert sorted(ordered_map(lambda _: both.wait(), range(2), workers=2)) == [0, 1]


def test_no_more_than_a_bounded_number_is_taken_ahead():
    taken = []
    results = ordered_map(lambda n: n, (taken.append(n) or n for n in range(100)), workers=2, ahead=3)
    for n in range(10):
        assert next(results) == n
        assert len(taken) == n + 4
    results.close()


def test_an_error_is_raised_in_its_place():
    def fails_at_five(n):
        return 1 / (n - 5)

    results = ordered_map(fails_at_five, range(100), workers=2)
    assert [next(results) for _ in range(5)] == [1 / (n - 5) for n in range(5)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_drops_what_has_not_begun():
    begun = []

    def work(n):
        begun.append(n)
        time.sleep(0.02)

    results = ordered_map(work, range(100), workers=1, ahead=60)
    next(results)
    results.close()
    assert len(begun) < 10
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
