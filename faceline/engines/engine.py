"""What a stage does to the rows of a table, batch by batch, and an engine that does it, results in order.

A stage writes its work down once; which engine runs it, with how many workers and in which order they end, changes no
result: batches are the same everywhere, for the last bits of a net's answers depend on what else is in its batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import ClassVar, Generic, TypeVar

from faceline.imaging.parallel import ordered_map
from faceline.imaging.progress import track

Input = TypeVar("Input")
Read = TypeVar("Read")
Result = TypeVar("Result")


class Work(ABC, Generic[Input, Read, Result]):
    """What is done to rows of a table. What a batch gives depends on its rows alone.

    It may be pickled for another process, which opens photos and packed sets by their path itself.

    Attributes:
        what, unit: what is done, and to what, for the display of progress.
    """

    what: ClassVar[str]
    unit: ClassVar[str] = "photo"

    @abstractmethod
    def inputs(self, rows: range) -> Iterable[Input]:
        """What `read` takes of each row, in order; taken by one thread."""

    @abstractmethod
    def read(self, one: Input) -> Read:
        """What is done to each row alone; called by several threads at once."""

    @abstractmethod
    def finish(self, rows: range, read: list[Read]) -> Result:
        """The result of a batch: here nets run. One batch at a time, while the next rows are being read."""


class Engine(ABC):
    """Works through rows."""

    @abstractmethod
    def map(self, work: Work[Input, Read, Result], rows: int, size: int) -> Iterator[tuple[range, Result]]:
        """Yields the rows of each batch and its result, in order, with a bounded number of batches under way.

        An exception of `work` is raised in its place.

        Args:
            rows: how many there are; work is done on 0..rows-1.
            size: rows of a batch; the last may have fewer.
        """


class LocalEngine(Engine):
    """Reads in threads of this process, and finishes batches in the caller's thread."""

    def __init__(self, workers: int | None = None) -> None:
        """With `workers` threads, by default one per usable core."""
        self._workers = workers

    def map(self, work: Work[Input, Read, Result], rows: int, size: int) -> Iterator[tuple[range, Result]]:
        return in_batches(work, range(rows), size, self._workers)


LOCAL = LocalEngine()


def in_batches(
    work: Work[Input, Read, Result], rows: range, size: int, workers: int | None
) -> Iterator[tuple[range, Result]]:
    """The batches of `rows`, one after the other, and what they give; arguments as above."""
    read = iter(track(ordered_map(work.read, work.inputs(rows), workers), work.what, len(rows), work.unit))
    for batch in batches_of(rows, size):
        yield batch, work.finish(batch, list(islice(read, len(batch))))


def batches_of(rows: range, size: int) -> Iterator[range]:
    """Successive parts of `rows`, `size` long but for the last."""
    for start in range(rows.start, rows.stop, size):
        yield range(start, min(start + size, rows.stop))
