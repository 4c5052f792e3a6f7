"""Sums and bounds of each account, kept in place while a log is read."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from distillscan.profile.kernels.arrays import I64, U64
from distillscan.profile.store.index import Index
from distillscan.profile.tables import ACCOUNTS
from distillscan.profile.text.arrow_buffers import as_series

#: How a column of the accounts is combined; what is in none of the three names the account.
SUMS: Final = (
    "requests",
    "input_tokens",
    "output_tokens",
    "output_squares",
    "with_output",
    "prompt_bytes",
    "prompt_squares",
    "with_prompt",
    "denied",
    "limited",
    "failed",
    "refused",
)
MINIMA: Final = ("first", "created", "first_denied")
MAXIMA: Final = ("last", "last_served")

#: What stands for "none" in a column of minima or maxima.
NO_MINIMUM: Final = np.iinfo(np.int64).max
NO_MAXIMUM: Final = np.iinfo(np.int64).min

_START: Final[Mapping[str, int]] = {
    **dict.fromkeys(SUMS, 0),
    **dict.fromkeys(MINIMA, NO_MINIMUM),
    **dict.fromkeys(MAXIMA, NO_MAXIMUM),
}
_SMALLEST = 1 << 10
_ROW_BYTES = 180


class Accounts:
    """The accounts met so far, by number, with their sums and bounds."""

    def __init__(self) -> None:
        self.index = Index()
        self._names: list[pl.Series] = []
        self._columns: dict[str, I64] = {name: np.full(_SMALLEST, start, np.int64) for name, start in _START.items()}

    @property
    def count(self) -> int:
        """How many there are."""
        return self.index.count

    @property
    def bytes(self) -> int:
        """The bytes that ``table`` would take about (with identifiers of 16 characters)."""
        return self.count * _ROW_BYTES

    def number(self, hashes: U64, names: pl.Series) -> I64:
        """Return the numbers of accounts given by hash; ``names`` are their identifiers."""
        numbers, new = self.index.add(hashes)
        if new.size:
            self._names.append(owned(names.gather(new)))
            self._reserve()
        return numbers

    def add(self, numbers: I64, columns: Mapping[str, I64]) -> None:
        """Combine rows with the accounts they belong to: sums, or bounds with ``NO_MINIMUM`` where there is none."""
        for name, values in columns.items():
            combine = np.add if name in SUMS else np.minimum if name in MINIMA else np.maximum
            combine.at(self._columns[name], numbers, values)

    def ordered(self) -> I64:
        """Return the numbers of the accounts in the order of their hashes."""
        return np.argsort(self.index.keys)

    def table(self, order: I64) -> pl.DataFrame:
        """Return the accounts (``ACCOUNTS``) in the given order of their numbers."""
        columns = [pl.Series("account", self.index.keys[order])]
        columns.append(pl.concat([pl.Series("account_id", [], pl.String), *self._names]).gather(order))
        sums = {name: self._columns[name][order].view(np.uint64) for name in SUMS}
        columns += [pl.Series(name, values).cast(ACCOUNTS[name]) for name, values in sums.items()]
        for names, none in ((MINIMA, NO_MINIMUM), (MAXIMA, NO_MAXIMUM)):
            for name in names:
                values = self._columns[name][order]
                columns.append(pl.Series(name, values).set(pl.Series(values == none), None).cast(ACCOUNTS[name]))
        return pl.DataFrame(columns).select(list(ACCOUNTS))

    def absorb(self, table: pl.DataFrame) -> I64:
        """Add accounts of another log; return their numbers."""
        numbers = self.number(table["account"].to_numpy(writable=True), table["account_id"])
        columns = {name: table[name].cast(pl.UInt64).to_numpy(writable=True).view(np.int64) for name in SUMS}
        for names, none in ((MINIMA, NO_MINIMUM), (MAXIMA, NO_MAXIMUM)):
            columns |= {name: table[name].to_physical().fill_null(none).to_numpy(writable=True) for name in names}
        self.add(numbers, columns)
        return numbers

    def _reserve(self) -> None:
        room = self._columns["requests"].size
        if self.count > room:
            more = max(self.count, 2 * room) - room
            for name, values in self._columns.items():
                self._columns[name] = np.concatenate([values, np.full(more, _START[name], np.int64)])


def owned(texts: pl.Series) -> pl.Series:
    """Return texts in memory of their own: what is picked out of a batch must not keep all of the batch alive."""
    return as_series(texts.to_arrow()).alias(texts.name).cast(pl.String)
