"""What is counted while a log is read: rows and bytes per input, and the rows that could not be used."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from distillscan.columns import SOURCE
from distillscan.files import writing
from distillscan.read import Batch, Log, Task
from distillscan.read.canonical.convert import UNUSABLE
from distillscan.result import Rejected


class Tally:
    """Counts batches as they come, from any thread; rejected rows are kept only if they are to be written."""

    def __init__(self, keep_rejects: bool) -> None:
        self._lock = threading.Lock()
        self._keep = keep_rejects
        self._rows: dict[int, int] = {}
        self._reasons: dict[str, int] = {}
        self._rejects: list[pl.DataFrame] = []

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
        """Return how many records of an input were seen; none of one that has no number."""
        return 0 if source is None else self._rows.get(source, 0)

    @property
    def rejected(self) -> Rejected:
        """Rejected rows per reason, most frequent first."""
        ordered = sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
        return Rejected(sum(self._reasons.values()), dict(ordered))

    @property
    def unusable(self) -> int:
        """Rejected rows but for those that a schema leaves out on purpose."""
        return sum(rows for reason, rows in self._reasons.items() if reason in UNUSABLE)

    def write_rejects(
        self, path: Path, log: Log, shown: Callable[[Sequence[str]], Sequence[str]] = list, *, records: bool = True
    ) -> None:
        """Write the rejected rows as NDJSON: ``path``, ``row`` (from 0), ``reason``, ``record``.

        Args:
            path: The file to write.
            log: Where the rows are from.
            shown: How paths may be shown.
            records: Whether what the rows hold may be; else ``record`` is null.

        Raises:
            UsageError: The file cannot be written.
        """
        paths = shown([file.path for file in log.inputs])
        # A file name may hold bytes that are no text, which many JSON parsers refuse.
        readable = [path.encode("utf-8", "backslashreplace").decode() for path in paths]
        names = dict(zip([file.source for file in log.inputs], readable, strict=True))
        rows = pl.concat(self._rejects).sort("source", "row") if self._rejects else pl.DataFrame()
        with writing(path) as out:
            for row in rows.iter_rows(named=True):
                line = {
                    "path": names[row["source"]],
                    "row": row["row"],
                    "reason": row["reason"],
                    "record": row["record"] if records else None,
                }
                out.write(json.dumps(line).encode() + b"\n")


def counted(task: Task, tally: Tally) -> Iterator[Batch]:
    """Yield the batches of a task, counting them."""
    for batch in task():
        tally.count(batch)
        yield batch
