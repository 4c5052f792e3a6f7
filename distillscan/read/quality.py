"""What only a look at all rows can tell: requests that are there twice, and times far away from all others."""

from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.columns import ROW, SOURCE

#: Requests that are compared exactly; in a larger log these many stand for all (those with the smallest hashes).
_SAMPLE: Final = 1 << 17
#: Days without a request that set times apart, and the share of requests that may be set apart as a mistake.
_GAP: Final = 180
_STRAY: Final = 0.01
#: Requests of one account from which on it is worth asking whether that is one.
_MANY: Final = 100
_DAY: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).date()

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class Quality:
    """Collects batches from several threads; the same log gives the same notes whatever the order of reading.

    Attributes:
        columns: Columns that have a value anywhere.
    """

    def __init__(self) -> None:
        self.columns: frozenset[str] = frozenset()
        self._lock = Lock()
        self._seen: set[tuple[int, int]] = set()
        self._days: dict[int, int] = {}
        self._requests = 0
        #: The first account, and whether there is another one.
        self._account: str | None = None
        self._several = False
        #: The smallest hashes of requests so far and their counts; once some are left out, no larger one counts.
        self._hashes: Hashes = np.zeros(0, np.uint64)
        self._counts: Counts = np.zeros(0, np.int64)
        self._complete = True
        self._waiting: list[Hashes] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Add a batch of usable rows; a batch that is read again counts once."""
        if frame.is_empty():
            return
        where = (int(frame[SOURCE][0]), int(frame[ROW][0]))
        days, counts = np.unique(frame["timestamp"].to_physical().to_numpy() // _DAY, return_counts=True)
        hashes = _request_hashes(frame)
        filled = {column.name for column in frame if column.null_count() < frame.height}
        with self._lock:
            if where in self._seen:
                return
            self._seen.add(where)
            self.columns |= filled
            self._account = self._account or frame["account_id"][0]
            self._several = self._several or bool((frame["account_id"] != self._account).any())
            for day, count in zip(days.tolist(), counts.tolist(), strict=True):
                self._days[day] = self._days.get(day, 0) + count
            self._requests += hashes.size
            self._waiting.append(hashes if self._complete else hashes[hashes <= self._hashes[-1]])
            if sum(part.size for part in self._waiting) > _SAMPLE:
                self._count()

    def _count(self) -> None:
        """Count the hashes that wait, and keep the smallest."""
        new, counts = np.unique(np.concatenate([self._hashes[:0], *self._waiting]), return_counts=True)
        self._waiting = []
        hashes, at = np.unique(np.concatenate([self._hashes, new]), return_inverse=True)
        totals = np.bincount(at, np.concatenate([self._counts, counts])).astype(np.int64)
        self._complete = self._complete and hashes.size <= _SAMPLE
        self._hashes, self._counts = hashes[:_SAMPLE], totals[:_SAMPLE]

    def notes(self) -> tuple[str, ...]:
        """Return a sentence on a single account, on repeated requests, and on times far from all others."""
        with self._lock:
            return (*self._one_account(), *self._repeats(), *self._strays())

    def _one_account(self) -> tuple[str, ...]:
        total = sum(self._days.values())
        if self._several or total < _MANY:
            return ()
        return (
            f"all {total:,} requests have one and the same account_id: if it says whose log this is, and not "
            "who called, name the column that does with --map account_id=COLUMN",
        )

    def _repeats(self) -> tuple[str, ...]:
        self._count()
        compared = int(self._counts.sum())
        extra = compared - self._hashes.size
        if not extra:
            return ()
        share = extra / compared
        many = f"{'' if self._complete else 'about '}{round(self._requests * share):,}"
        return (
            f"{many} requests ({share:.1%}) repeat request_id, account and time of another: each is counted; "
            "look for files that were exported twice",
        )

    def _strays(self) -> tuple[str, ...]:
        groups: list[list[tuple[int, int]]] = []
        for day, count in sorted(self._days.items()):
            if not groups or day - groups[-1][-1][0] > _GAP:
                groups.append([])
            groups[-1].append((day, count))
        total = sum(self._days.values())
        stray = [group for group in groups if sum(count for _, count in group) < _STRAY * total]
        return tuple(_describe_stray(group) for group in stray)


def _request_hashes(frame: pl.DataFrame) -> Hashes:
    """One number for request, account and time of each row that has a request_id."""
    if "request_id" not in frame.columns:
        return np.zeros(0, np.uint64)
    return frame.select("request_id", "account_id", "timestamp").drop_nulls("request_id").hash_rows().to_numpy()


def _describe_stray(group: list[tuple[int, int]]) -> str:
    first, last = (_date(group[at][0]) for at in (0, -1))
    count = sum(count for _, count in group)
    when = f"of {first}" if first == last else f"between {first} and {last}"
    return f"{count:,} requests {when} are over {_GAP} days away from all others, and counted: is a clock wrong?"


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)
