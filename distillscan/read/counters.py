"""Rows per input and rejected rows per reason, counted while a log is read."""

from collections.abc import Iterator
from threading import Lock

import polars as pl

from distillscan.columns import SOURCE
from distillscan.read.canonical.convert import REJECTS, UNUSABLE, Batch
from distillscan.read.log import Task
from distillscan.result import Rejected


class RowCounters:
    """Counts batches as they come, from any thread; rejected rows are kept only if they are to be written."""

    def __init__(self, keep_rejects: bool) -> None:
        self._lock = Lock()
        self._keep = keep_rejects
        self._rows: dict[int, int] = {}
        self._reasons: dict[str, int] = {}
        self._rejects = [pl.DataFrame(schema=REJECTS)]

    def count(self, batch: Batch) -> None:
        """Add one batch."""
        stated = batch.frame if batch.frame.height else batch.rejects
        if not stated.height:
            return
        source = int(stated[SOURCE][0])
        reasons = batch.rejects.group_by("reason").len()
        with self._lock:
            self._rows[source] = self._rows.get(source, 0) + batch.read
            for reason, rows in reasons.iter_rows():
                self._reasons[reason] = self._reasons.get(reason, 0) + rows
            if self._keep and batch.rejects.height:
                self._rejects.append(batch.rejects)

    def rows(self, source: int | None) -> int:
        """Return how many records of an input were seen; 0 for one that has no number."""
        return 0 if source is None else self._rows.get(source, 0)

    @property
    def rejected(self) -> Rejected:
        """Rejected rows per reason, most frequent first."""
        ordered = sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
        return Rejected(sum(self._reasons.values()), dict(ordered))

    @property
    def unusable(self) -> int:
        """Rejected rows but for those that a schema leaves out on purpose."""
        return sum(self.unusable_reasons.values())

    @property
    def unusable_reasons(self) -> dict[str, int]:
        """The same per reason, most frequent first."""
        return {reason: rows for reason, rows in self.rejected.reasons.items() if reason in UNUSABLE}

    @property
    def rejects(self) -> pl.DataFrame:
        """The rejected rows that were kept (``REJECTS``), in the order of inputs and rows."""
        return pl.concat(self._rejects).sort("source", "row")


def count_batches(task: Task, counters: RowCounters) -> Iterator[Batch]:
    """Yield the batches of a task, and count each."""
    for batch in task():
        counters.count(batch)
        yield batch
