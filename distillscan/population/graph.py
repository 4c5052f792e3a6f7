"""Who carries which token, as sparse matrices, and which tokens are characteristic of a set of accounts."""

from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from distillscan.parameters import ClusterParameters
from distillscan.population.accounts import Floats, Hashes, Ints, Mask, Population
from distillscan.population.kinds import PAIRING

#: What an account carries: the token of a kind, and how much of its use of that kind it makes up (0 to 1). A row of
#: strength 0 says that the account could have carried the token and does not; without one nothing is known.
SIGNALS: Final = pl.Schema(
    {"account": pl.UInt64(), "kind": pl.String(), "token": pl.UInt64(), "strength": pl.Float64()}
)


def spans(indptr: Ints, chosen: Ints) -> Ints:
    """Return where the entries of the chosen rows of a compressed sparse matrix stand, row by row."""
    starts = indptr[chosen].astype(np.int64)
    sizes = indptr[np.asarray(chosen) + 1].astype(np.int64) - starts
    return np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))


class _KindMatrix:
    """Accounts by tokens of one kind.

    Attributes:
        tokens: The tokens' hashes, in column order.
        by_account: Strengths, accounts by tokens (CSR).
        by_token: The same by columns (CSC).
        carriers: How many accounts carry each token.
    """

    def __init__(self, population: Population, signals: pl.DataFrame) -> None:
        self.size = population.size
        self.tokens: Hashes = signals["token"].unique().sort().to_numpy()
        columns = np.searchsorted(self.tokens, signals["token"].to_numpy())
        numbers = population.numbers(signals["account"])
        self.by_account: Any = sparse.csr_array(
            (signals["strength"].to_numpy(), (numbers, columns)), shape=(population.size, self.tokens.size)
        )
        self.by_token: Any = self.by_account.tocsc()
        self.carriers: Ints = np.diff(self.by_token.indptr).astype(np.int64)

    @cached_property
    def total(self) -> Floats:
        """The strengths of all tokens, summed for each account."""
        summed: Floats = np.asarray(self.by_account.sum(axis=1)).ravel()
        return summed


class SignalGraph:
    """Who carries which token: one sparse accounts-by-tokens matrix a kind.

    Attributes:
        population: The accounts.
        parameters: When a token is a habit, and when it is characteristic.
        kinds: The kinds present, sorted.
        observable: Kind to the accounts of which its detector says that they could have carried it, if it says so.
    """

    def __init__(
        self, population: Population, signals: pl.DataFrame, parameters: ClusterParameters | None = None
    ) -> None:
        self.population = population
        self.parameters = parameters or ClusterParameters()
        absent = signals.filter(pl.col("strength") == 0)
        self.observable: dict[str, Mask] = {
            kind: population.mask(population.numbers(signals.filter(pl.col("kind") == kind)["account"]))
            for kind in absent["kind"].unique().sort()
        }
        by_kind = signals.filter(pl.col("strength") > 0).partition_by("kind", as_dict=True)
        self._matrices = {str(kind): _KindMatrix(population, by_kind[kind,]) for (kind,) in sorted(by_kind)}
        self.kinds: tuple[str, ...] = tuple(self._matrices)
        self._habitual = {
            kind: np.maximum(matrix.total, population.touched(kind)) * self.parameters.good_part
            for kind, matrix in self._matrices.items()
        }

    def tokens(self, kind: str) -> Hashes:
        """Return the token hashes of a kind, in column order."""
        return self._matrices[kind].tokens

    def matrix(self, kind: str) -> Any:
        """Return the accounts-by-tokens matrix of strengths (CSR)."""
        return self._matrices[kind].by_account

    def carriers_per_token(self, kind: str) -> Ints:
        """Return how many accounts carry each token."""
        return self._matrices[kind].carriers

    def carriers_among(self, kind: str, members: Ints) -> Ints:
        """Return how many of the given accounts carry each token."""
        matrix = self._matrices[kind]
        met = matrix.by_account.indices[spans(matrix.by_account.indptr, members)]
        return np.bincount(met, minlength=matrix.tokens.size)

    def use(self, kind: str, tokens: Ints) -> Floats:
        """Return the strengths of the tokens (given by column), summed for each account."""
        by_token = self._matrices[kind].by_token
        entries = spans(by_token.indptr, tokens)
        used = np.bincount(by_token.indices[entries], weights=by_token.data[entries], minlength=self.population.size)
        return used.astype(np.float64)

    def carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts that carry at least one of the tokens (given by column), however little."""
        by_token = self._matrices[kind].by_token
        return self.population.mask(by_token.indices[spans(by_token.indptr, tokens)])

    def habitual_carriers(self, kind: str, tokens: Ints) -> Mask:
        """Return True for accounts of whose use of this kind the tokens (given by column) make up a good part.

        An account that once crossed a pool, among fifty addresses of its own, does not belong to it.
        """
        used = self.use(kind, tokens)
        return (used > 0) & (used >= self._habitual[kind])

    def carries_any(self, kind: str) -> Mask:
        """Return True for accounts that carry any token of this kind."""
        return self._matrices[kind].total > 0

    def characteristic(self, kind: str, members: Ints) -> Ints:
        """Return the columns of tokens that mark the members: carried far more often inside, and not by chance.

        Any group of strangers has tokens that two or three of them happen to share. A token counts if its excess is
        significant among all tokens of its kind (log likelihood ratio, Bonferroni), or if it is so rare that strangers
        in a group of this size would hardly meet on it. Conversations and the like join few accounts each: of those
        all count if the members meet on them far more often than chance allows, taken together. A kind that nobody
        carries has none.
        """
        if kind not in self._matrices:
            return np.zeros(0, np.int64)
        p, matrix = self.parameters, self._matrices[kind]
        columns, inside = self._repeated(kind, members)
        carriers = matrix.carriers[columns]
        n, rest = members.size, self.population.size - members.size
        # One member is left out: an account must not be its own witness.
        rate_in, rate_out = (inside - 1.0) / max(1, n - 1), (carriers - inside + 0.5) / (rest + 1.0)
        often = rate_in >= p.lift * rate_out
        columns, inside, carriers = columns[often], inside[often], carriers[often]
        if kind in PAIRING and self._meet(kind, inside, n):
            return columns
        rate_in, rate_out = rate_in[often], np.minimum(rate_out[often], 1 - 1e-9)
        excess = rate_in * np.log2(rate_in / rate_out)
        below = np.flatnonzero(rate_in < 1)
        excess[below] += (1 - rate_in[below]) * np.log2((1 - rate_in[below]) / (1 - rate_out[below]))
        significant = n * excess >= np.log2(matrix.tokens.size) + p.significant_bits
        chance = (n - 1) * (carriers - 1.0) / self.population.size
        chosen: Ints = columns[significant | (chance <= p.rare_chance)]
        return chosen

    def _meet(self, kind: str, inside: Ints, members: int) -> bool:
        """Whether pairs of members carry the same token far more often than pairs of strangers (Poisson)."""
        p, carriers = self.parameters, self._matrices[kind].carriers
        pairs = float((inside * (inside - 1)).sum()) / 2
        expected = float((carriers * (carriers - 1.0)).sum()) / 2 * (members / self.population.size) ** 2
        if pairs < max(p.met_pairs, p.lift * expected):
            return False
        expected = max(expected, 1e-9)
        excess = pairs * np.log2(pairs / expected) - (pairs - expected) / np.log(2)
        return bool(excess >= p.significant_bits)

    def _repeated(self, kind: str, members: Ints) -> tuple[Ints, Ints]:
        """Columns of the tokens that at least two of the members carry, ascending, and how many do."""
        matrix = self._matrices[kind]
        met = matrix.by_account.indices[spans(matrix.by_account.indptr, members)]
        if met.size * 16 > matrix.tokens.size:
            counts = np.bincount(met)
            columns = np.flatnonzero(counts >= 2)
            return columns, counts[columns]
        columns, counts = np.unique(met, return_counts=True)
        return columns[counts >= 2].astype(np.int64), counts[counts >= 2]
