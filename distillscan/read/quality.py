"""What only a look at all rows can tell: requests that are there twice, and times far away from all others."""

from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from distillscan.columns import ROW, SOURCE
from distillscan.profile.text.hashes import texts_of

#: Requests that are compared exactly; in a larger log these many stand for all (those with the smallest hashes).
_KEPT: Final = 1 << 17
#: Days without a request that set times apart, and the share of requests that may be set apart as a mistake.
_GAP: Final = 180
_STRAY: Final = 0.01
_DAY: Final = 86_400_000_000
_MIX: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC13FA9A902A6328F))
_NOTHING: Final = np.zeros(0, np.uint64)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC).date()


class Census:
    """Counts batches from several threads; the same log gives the same sentences whatever the order of reading."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: set[tuple[int, int]] = set()
        self._days: dict[int, int] = {}
        self._requests = 0
        self._hashes = pl.DataFrame(schema={"hash": pl.UInt64, "count": pl.UInt64})
        self._limit: int | None = None
        self._waiting: list[npt.NDArray[np.uint64]] = []
        self._waiting_rows = 0
        #: Columns that have a value anywhere.
        self.columns: frozenset[str] = frozenset()

    def add(self, frame: pl.DataFrame) -> None:
        """Add a batch of usable rows; a batch that is read again counts once."""
        if frame.is_empty():
            return
        where = (int(frame[SOURCE][0]), int(frame[ROW][0]))
        days, counts = np.unique(frame["timestamp"].to_physical().to_numpy() // _DAY, return_counts=True)
        hashes = _hashes(frame) if "request_id" in frame.columns else _NOTHING
        with self._lock:
            if where in self._seen:
                return
            self._seen.add(where)
            self.columns |= {column.name for column in frame if column.null_count() < frame.height}
            for day, count in zip(days.tolist(), counts.tolist(), strict=True):
                self._days[day] = self._days.get(day, 0) + count
            self._requests += hashes.size
            self._merge(hashes)

    def _merge(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Note hashes that may be among the smallest; many batches are counted at once."""
        if self._limit is not None:
            hashes = hashes[hashes <= np.uint64(self._limit)]
        self._waiting.append(hashes)
        self._waiting_rows += hashes.size
        if self._waiting_rows > _KEPT:
            self._count()

    def _count(self) -> None:
        """Keep the smallest hashes, each with how often it came: the same ones whatever the order of batches."""
        if not self._waiting:
            return
        hashes = pl.Series("hash", np.concatenate(self._waiting))
        self._waiting, self._waiting_rows = [], 0
        new = hashes.to_frame("hash").group_by("hash").agg(pl.len().cast(pl.UInt64).alias("count"))
        both = pl.concat([self._hashes, new]).group_by("hash").agg(pl.col("count").sum())
        if both.height > _KEPT:
            both = both.bottom_k(_KEPT, by="hash")
            self._limit = int(both["hash"].max())  # type: ignore[arg-type]
        self._hashes = both

    def texts(self) -> tuple[str, ...]:
        """Return what to say."""
        with self._lock:
            return (*self._repeats(), *self._strays())

    def _repeats(self) -> tuple[str, ...]:
        self._count()
        counted = int(self._hashes["count"].sum())
        extra = counted - self._hashes.height
        if not extra:
            return ()
        share = extra / counted
        about = "" if self._limit is None else "about "
        many = f"{about}{round(self._requests * share):,}"
        return (
            f"{many} requests ({share:.1%}) repeat request_id, account and time of another: each is counted; "
            "look for files that were exported twice",
        )

    def _strays(self) -> tuple[str, ...]:
        days = sorted(self._days.items())
        groups: list[list[tuple[int, int]]] = []
        for day, count in days:
            if not groups or day - groups[-1][-1][0] > _GAP:
                groups.append([])
            groups[-1].append((day, count))
        total = sum(self._days.values())
        stray = [group for group in groups if sum(count for _, count in group) < _STRAY * total]
        return tuple(_stray(group) for group in stray)


def _hashes(frame: pl.DataFrame) -> npt.NDArray[np.uint64]:
    """One number for request, account and time of each row that has a request_id: the same on every machine."""
    rows = frame.select("request_id", "account_id", "timestamp").drop_nulls("request_id")
    request, account = (texts_of(rows[name]).hashes() for name in ("request_id", "account_id"))
    time = rows["timestamp"].to_physical().to_numpy().astype(np.uint64)
    mixed = (request + account * _MIX[0]) ^ (time * _MIX[1])
    mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX[1]
    found: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(32))
    return found


def _stray(group: list[tuple[int, int]]) -> str:
    first, last = (_date(group[at][0]) for at in (0, -1))
    count = sum(count for _, count in group)
    when = f"of {first}" if first == last else f"between {first} and {last}"
    return f"{count:,} requests {when} are over {_GAP} days away from all others, and counted: is a clock wrong?"


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)
