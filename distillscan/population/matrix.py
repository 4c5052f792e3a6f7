"""Accounts by tokens as sparse matrices: one of each kind, and one of all kinds side by side."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from distillscan.population.accounts import Floats, Hashes, Ints, Mask, Population, spans

#: Numbers are sorted where they are so many times fewer than there could be, else marked in an array of all.
_SPARSE: Final = 30


def summed(numbers: Ints, weights: Floats, size: int) -> tuple[Ints, Floats]:
    """Return distinct numbers (0 to ``size``), ascending, and the weights of each, added up in the order given."""
    if numbers.size * _SPARSE < size:
        order = np.argsort(numbers, kind="stable")
        ranked = numbers[order]
        first = np.diff(ranked, prepend=-1) != 0
        sums = np.bincount(np.cumsum(first) - 1, weights=weights[order]).astype(np.float64)
        return ranked[first].astype(np.int64), sums
    present = np.zeros(size, np.bool_)
    present[numbers] = True
    distinct = np.flatnonzero(present)
    place = np.empty(size, np.int32)
    place[distinct] = np.arange(distinct.size, dtype=np.int32)
    sums = np.bincount(place[numbers], weights=weights, minlength=distinct.size).astype(np.float64)
    return distinct.astype(np.int64), sums


class KindMatrix:
    """Accounts by tokens of one kind, by rows (``by_account``) and by columns (``by_token``): strengths.

    Rows are principals where the population is of these; their strengths are the means over their accounts.

    Attributes:
        tokens: The tokens' hashes, in column order.
        carriers: How many accounts carry each token.
        total: The strengths of all tokens of each account, summed.
        carried: True for accounts that carry any.
        pairs: How many pairs of accounts carry the same token, once for each token.
    """

    def __init__(self, population: Population, signals: pl.DataFrame) -> None:
        self.tokens: Hashes = signals["token"].unique().sort().to_numpy()
        columns = np.searchsorted(self.tokens, signals["token"].to_numpy())
        numbers = population.numbers(signals["account"])
        self.by_account: Any = sparse.csr_array(
            (signals["strength"].to_numpy() / population.accounts[numbers], (numbers, columns)),
            shape=(population.size, self.tokens.size),
        )
        self.by_token: Any = self.by_account.tocsc()
        self.carriers: Ints = np.diff(self.by_token.indptr).astype(np.int64)
        self.total: Floats = np.asarray(self.by_account.sum(axis=1), np.float64).ravel()
        self.carried: Mask = self.total > 0
        self.pairs: float = float((self.carriers * (self.carriers - 1.0)).sum()) / 2

    def met(self, members: Ints) -> Ints:
        """Return the columns of the tokens of these accounts, once for each that carries it."""
        columns: Ints = self.by_account.indices[spans(self.by_account.indptr, members)]
        return columns

    def carrying(self, tokens: Ints) -> tuple[Ints, Floats]:
        """Return who carries the tokens (given by column), token by token, and how strongly."""
        entries = spans(self.by_token.indptr, tokens)
        return self.by_token.indices[entries], self.by_token.data[entries]


class TokenColumns:
    """The tokens of all kinds as columns side by side, so that what accounts carry is counted in one go.

    Attributes:
        carriers: How many accounts carry each token.
        kind_of: The number of each token's kind.
    """

    def __init__(self, matrices: Sequence[KindMatrix], accounts: int) -> None:
        self._starts = np.cumsum([0, *(matrix.tokens.size for matrix in matrices)])
        self.carriers: Ints = np.concatenate([np.zeros(0, np.int64), *(matrix.carriers for matrix in matrices)])
        self.kind_of: Ints = np.repeat(np.arange(len(matrices)), np.diff(self._starts))
        blocks = [
            sparse.csr_array(
                (np.ones(m.by_account.nnz, np.int8), m.by_account.indices, m.by_account.indptr),
                shape=m.by_account.shape,
            )
            for m in matrices
        ]
        carried = sparse.hstack(blocks, format="csr") if blocks else sparse.csr_array((accounts, 0))
        self._carried = carried.astype(np.int32)
        self._indptr, self._indices = carried.indptr.astype(np.int64), carried.indices.astype(np.int32)

    def met(self, members: Ints) -> tuple[Ints, Ints]:
        """Return the columns that two of these accounts or more carry, ascending, and how many do."""
        columns = np.sort(self._indices[spans(self._indptr, members)])
        first = np.flatnonzero(np.diff(columns, prepend=-1))
        counts = np.diff(first, append=columns.size)
        several = counts >= 2
        return columns[first[several]].astype(np.int64), counts[several]

    def met_by_each(self, sets: Sequence[Ints]) -> tuple[Ints, Ints, Ints]:
        """Return the columns that two accounts or more of a set carry: number of the set, column, and how many do."""
        ends = np.cumsum([0, *(members.size for members in sets)])
        rows = np.concatenate([np.zeros(0, np.int64), *sets])
        shape = (len(sets), self._carried.shape[0])
        counts = (sparse.csr_array((np.ones(rows.size, np.int32), rows, ends), shape=shape) @ self._carried).tocoo()
        several = counts.data >= 2
        row, column, inside = (values[several].astype(np.int64) for values in (counts.row, counts.col, counts.data))
        return row, column, inside

    def by_kind(self, columns: Ints, *values: Ints) -> list[tuple[Ints, ...]]:
        """Return ascending columns as those of each kind, numbered within it, and the values that stand beside them."""
        bounds = np.searchsorted(columns, self._starts)
        spans_of_kinds = zip(self._starts[:-1], bounds[:-1], bounds[1:], strict=True)
        return [(columns[a:b] - start, *(value[a:b] for value in values)) for start, a, b in spans_of_kinds]
