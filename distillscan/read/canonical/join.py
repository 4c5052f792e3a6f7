"""What joined logs know about each request, and how many rows of a log found some of it."""

from collections.abc import Mapping
from functools import reduce
from threading import Lock
from typing import Final

import polars as pl

from distillscan.columns import POINTER, READABLE
from distillscan.read.schema.resolve import Resolution
from distillscan.read.values.text import canonical_text

KEY: Final = "request_id"


class Joined:
    """The values of joined logs by request. Rows may be filled from several threads.

    Args:
        keys: Hash of each request's identifier (``key``, see :func:`hashed`) and the place of its values (``at``).
        values: Each distinct combination of values once, in canonical types.
    """

    def __init__(self, keys: pl.DataFrame, values: pl.DataFrame) -> None:
        self._keys, self._values = keys, values
        self._lock = Lock()
        #: Rows without a partner, and rows, of each batch: one that is read again counts once.
        self._counts: dict[tuple[int, int], tuple[int, int]] = {}

    @property
    def columns(self) -> frozenset[str]:
        """The canonical columns it can add."""
        return frozenset(self._values.columns)

    def fill(self, frame: pl.DataFrame, keys: pl.Series, where: tuple[int, int]) -> pl.DataFrame:
        """Return rows with what the joined logs know about them; what a row says itself stays.

        Args:
            frame: Canonical columns.
            keys: Identifier of each row's request.
            where: Source and first row of the batch.
        """
        found = hashed(keys).join(self._keys, on="key", how="left", maintain_order="left")["at"]
        with self._lock:
            self._counts[where] = found.null_count(), len(found)
        added = []
        for name in self.columns:
            values = self._values[name].gather(found)
            added.append(frame[name].fill_null(values) if name in frame.columns else values)
        widened = frame.with_columns(added)
        return widened.select(name for name in (*POINTER, *READABLE) if name in widened.columns)

    def _count(self) -> tuple[int, int]:
        with self._lock:
            return sum(alone for alone, _ in self._counts.values()), sum(rows for _, rows in self._counts.values())

    @property
    def failure(self) -> str | None:
        """What to say if there are rows and none of them has a partner, which is not what anybody wants."""
        alone, rows = self._count()
        told = "is it the right one, of the same days, and does it call requests by the same identifier?"
        return f"none of {rows:,} rows has a partner in the joined log: {told}" if 0 < rows == alone else None

    @property
    def note(self) -> str | None:
        """What to say of rows without a partner, if there are any."""
        alone, rows = self._count()
        return f"{alone:,} rows have no partner in the joined log" if 0 < alone < rows else self.failure


def join_keys(columns: Mapping[str, pl.Series], frame: pl.DataFrame, resolution: Resolution) -> pl.Series | None:
    """Return what joined logs call ``request_id``, for each row; ``None`` if the log has nothing of the kind."""
    if resolution.schema is not None and (paths := resolution.schema.join_key):
        found = [canonical_text(KEY, columns[name]) for name in resolution.slots(paths) if name in columns]
        return reduce(pl.Series.fill_null, found) if found else None
    return frame[KEY] if KEY in frame.columns else None


def hashed(keys: pl.Series) -> pl.DataFrame:
    """Return identifiers as hashes, in a frame with the one column ``key``."""
    return pl.DataFrame({"key": pl.select(pl.when(keys.is_not_null()).then(keys.hash())).to_series()})
