"""Sums and bounds of each account, kept in place while a log is read."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from distillscan.compiled import I64, U64
from distillscan.profile.store.index import SMALLEST, Index, enlarged
from distillscan.profile.tables import ACCOUNTS

#: What stands for "none" in a column of minima or maxima.
NO_MINIMUM: Final = np.iinfo(np.int64).max
NO_MAXIMUM: Final = np.iinfo(np.int64).min

#: How a column of the accounts is combined, and what it is before the first row.
SUMS: Final = tuple(name for name, dtype in ACCOUNTS.items() if dtype.is_integer() and name != "account")
BOUNDS: Final = {
    "first": NO_MINIMUM,
    "last": NO_MAXIMUM,
    "created": NO_MINIMUM,
    "last_served": NO_MAXIMUM,
    "first_denied": NO_MINIMUM,
}
_START: Final = {**dict.fromkeys(SUMS, 0), **BOUNDS}
_ROW_BYTES = 180


class Accounts:
    """The accounts met so far, by number, with their sums and bounds."""

    def __init__(self) -> None:
        self.index = Index()
        self._names: list[pl.Series] = []
        self._columns: dict[str, I64] = {name: np.full(SMALLEST, start) for name, start in _START.items()}

    @property
    def bytes(self) -> int:
        """The bytes that ``table`` would take about (with identifiers of 16 characters)."""
        return self.index.count * _ROW_BYTES

    def number(self, hashes: U64, names: pl.Series) -> I64:
        """Return the numbers of accounts given by hash; ``names`` are their identifiers."""
        numbers, new = self.index.add(hashes)
        if new.size:
            self._names.append(owned(names.gather(new)))
            for name, start in _START.items():
                self._columns[name] = enlarged(self._columns[name], self.index.count, start)
        return numbers

    def add(self, numbers: I64, columns: Mapping[str, I64]) -> None:
        """Combine rows with the accounts they belong to: sums, or bounds with ``NO_MINIMUM`` where there is none."""
        for name, values in columns.items():
            combine = np.add if name in SUMS else np.minimum if BOUNDS[name] == NO_MINIMUM else np.maximum
            combine.at(self._columns[name], numbers, values)

    def table(self, order: I64) -> pl.DataFrame:
        """Return the accounts (``ACCOUNTS``) in the given order of their numbers."""
        names = pl.concat([pl.Series("account_id", [], pl.String), *self._names]).gather(order)
        sums = {name: self._columns[name][order].view(np.uint64) for name in SUMS}
        bounds = {name: self._columns[name][order] for name in BOUNDS}
        table = pl.DataFrame({"account": self.index.keys[order], "account_id": names, **sums, **bounds})
        stated = [pl.when(pl.col(name) != none).then(name) for name, none in BOUNDS.items()]
        return table.with_columns(stated).select(list(ACCOUNTS)).cast(ACCOUNTS)

    def absorb(self, table: pl.DataFrame) -> None:
        """Add accounts of another log."""
        numbers = self.number(table["account"].to_numpy(writable=True), table["account_id"])
        columns = {name: table[name].to_physical().fill_null(start) for name, start in _START.items()}
        self.add(numbers, {name: values.to_numpy().astype(np.int64) for name, values in columns.items()})


def owned(texts: pl.Series) -> pl.Series:
    """Return texts in memory of their own: what is picked out of a batch must not keep all of the batch alive."""
    return texts + ""
