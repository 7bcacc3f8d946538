"""The engine of this process: batches, their order, and what is under way."""

import itertools
import time

import pytest

from faceline.engines.engine import LocalEngine, Work, batches_of


class Noted(Work):
    """Doubles numbers, and notes what it was asked for."""

    what = "double"

    def __init__(self):
        self.taken, self.batches = [], []

    def inputs(self, rows):
        for row in rows:
            self.taken.append(row)
            yield row

    def read(self, one):
        time.sleep(0.002 * (one % 3 == 0))
        return one * 2

    def finish(self, rows, read):
        self.batches.append(rows)
        return list(read)


@pytest.mark.parametrize("workers", [None, 1, 3])
@pytest.mark.parametrize(("rows", "size", "sizes"), [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 4, [3]), (0, 4, [])])
def test_every_row_is_in_one_batch_and_results_come_in_order(workers, rows, size, sizes):
    work = Noted()
    found = list(LocalEngine(workers).map(work, rows, size))
    assert [len(batch) for batch, _ in found] == sizes
    assert [row for batch, _ in found for row in batch] == work.taken == list(range(rows))
    assert [one for _, result in found for one in result] == [2 * row for row in range(rows)]
    assert work.batches == [batch for batch, _ in found]


def test_rows_of_the_next_batch_are_read_ahead_up_to_a_bound():
    work = Noted()
    results = LocalEngine(2).map(work, 1000, 5)
    for done in range(1, 4):
        next(results)
        assert 5 * done < len(work.taken) <= 5 * done + 4 * 2 + 1
        assert len(work.batches) == done
    results.close()


def test_an_error_is_raised_in_its_place():
    class Fails(Noted):
        def read(self, one):
            return 1 / (one - 7)

    results = LocalEngine(2).map(Fails(), 20, 3)
    assert [batch for batch, _ in itertools.islice(results, 2)] == [range(0, 3), range(3, 6)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_parts_of_a_range_begin_where_it_begins():
    assert list(batches_of(range(5, 12), 3)) == [range(5, 8), range(8, 11), range(11, 12)]
